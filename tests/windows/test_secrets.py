"""Passwords in the Windows Credential Manager."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import uuid
from collections.abc import Iterator
from typing import Any

import keyring
import pytest
import win32cred
from keyring.backends import Windows

from tray_agent.config.secrets import SERVICE, SystemSecrets


def vault() -> Any:
    """Returns keyring's way to the Credential Manager, whose methods have no types."""
    kind: Any = Windows.WinVaultKeyring
    return kind()


@pytest.fixture
def secrets() -> Iterator[SystemSecrets]:
    before = keyring.get_keyring()
    keyring.set_keyring(vault())
    yield SystemSecrets()
    keyring.set_keyring(before)


@pytest.fixture
def name() -> Iterator[str]:
    made = f"gateway/{uuid.uuid4().hex}"
    yield made
    vault().delete_password(SERVICE, made)


def test_a_password_is_kept_by_windows(secrets: SystemSecrets, name: str) -> None:
    secrets.set(name, "geheim: «Größe» 🔑")
    assert secrets.get(name) == "geheim: «Größe» 🔑"
    secrets.set(name, "another")
    assert SystemSecrets().get(name) == "another"


def test_it_is_a_credential_of_this_person_on_this_machine(secrets: SystemSecrets, name: str) -> None:
    secrets.set(name, "x")
    targets = [entry["TargetName"] for entry in win32cred.CredEnumerate(None, 0) if entry["UserName"] == name]
    assert targets in ([SERVICE], [f"{name}@{SERVICE}"])


def test_two_passwords_do_not_replace_each_other(secrets: SystemSecrets, name: str) -> None:
    other = f"{name}-2"
    secrets.set(name, "one")
    secrets.set(other, "two")
    try:
        assert (secrets.get(name), secrets.get(other)) == ("one", "two")
    finally:
        vault().delete_password(SERVICE, other)


def test_one_that_is_not_there_is_none(secrets: SystemSecrets) -> None:
    assert secrets.get(f"gateway/{uuid.uuid4().hex}") is None
