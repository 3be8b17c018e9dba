"""What Linux can't do is said, not pretended."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from tray_agent.downloads.model import FileKind
from tray_agent.file_faults import why_of
from tray_agent.platforms.foreground import announce_identity
from tray_agent.platforms.signature import NoSignatures, SignatureState
from tray_agent.platforms.starter_linux import LinuxStarter
from tray_agent.platforms.this_system import signature_reader, starter


def test_a_system_without_authenticode_says_so(tmp_path: Path) -> None:
    assert NoSignatures().read(tmp_path / "x.exe").state is SignatureState.NOT_CHECKED


@pytest.mark.parametrize("kind", list(FileKind))
def test_linux_starts_no_installers(tmp_path: Path, kind: FileKind) -> None:
    with pytest.raises(OSError, match=r"x\.msi"):
        LinuxStarter().start(tmp_path / "x.msi", kind)


def test_a_file_that_is_gone_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LinuxStarter().show(tmp_path / "gone")


if sys.platform != "win32":

    def test_the_folder_is_given_to_the_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opener, noted, go = tmp_path / "xdg-open", tmp_path / "noted", tmp_path / "go"
        os.mkfifo(go)
        opener.write_text(f'#!/bin/sh\nread go < {go}; printf %s "$1" > {noted}\n', encoding="utf-8")
        opener.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        file = tmp_path / "Grösse" / "x.pdf"
        file.parent.mkdir()
        file.touch()
        LinuxStarter().show(file)
        waiting = next(thread for thread in threading.enumerate() if thread.name == "xdg-open")
        go.write_text("now\n", encoding="utf-8")
        waiting.join(10)
        assert noted.read_text(encoding="utf-8") == str(file.parent)

    @pytest.mark.parametrize("opener", ["none", "fails"])
    def test_a_machine_without_a_desktop_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: str) -> None:
        if opener == "fails":
            (tmp_path / "xdg-open").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
            (tmp_path / "xdg-open").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(OSError, match="Exec format") as caught:
            LinuxStarter().show(tmp_path)
        assert why_of(caught.value) == "hier gibt es kein Programm dafür"

    def test_linux_has_its_own_adapters() -> None:
        assert isinstance(signature_reader(), NoSignatures)
        assert isinstance(starter(), LinuxStarter)
        assert not announce_identity()
