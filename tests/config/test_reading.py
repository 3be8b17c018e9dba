"""Dataclasses from tables and from the environment: every type, every fault by its place, and back again."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MailSection, UiSection, is_practices
from tray_agent.config.reading import MisfitError, between, checked, laid_over, named, plain_table, read_section, spelt


@dataclass(frozen=True, kw_only=True)
class _Person:
    name: str
    age: int = field(default=0, metadata=between(0, 120))


@dataclass(frozen=True, kw_only=True)
class _House:
    street: str | None = field(default=None, metadata=named("str"))
    lift: bool = False
    heating: Literal["gas", "wood"] = "wood"
    code: str = field(default="", metadata=spelt(str.upper) | checked(lambda code: "zu lang" if len(code) > 3 else ""))
    owner: _Person = field(default_factory=lambda: _Person(name="?"))
    people: dict[str, _Person] = field(default_factory=dict)


def test_an_empty_table_gives_the_defaults() -> None:
    assert read_section(_House, {}) == _House()


@pytest.mark.parametrize(
    ("table", "house"),
    [
        ({"str": "Hof 1"}, _House(street="Hof 1")),
        ({"lift": True}, _House(lift=True)),
        ({"code": "ab"}, _House(code="AB")),
        ({"lift": "On"}, _House(lift=True)),
        ({"lift": 0}, _House(lift=False)),
        ({"owner": {"name": "Anna", "age": " 33 "}}, _House(owner=_Person(name="Anna", age=33))),
        ({"owner": {"name": "Anna", "age": 33.0}}, _House(owner=_Person(name="Anna", age=33))),
        ({"people": {"A b": {"name": "x"}}}, _House(people={"A b": _Person(name="x")})),
    ],
)
def test_values_are_read(table: dict[str, object], house: _House) -> None:
    assert read_section(_House, table) == house


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"street": "x"}, ("street",)),
        ({"str": 3}, ("str",)),
        ({"lift": "vielleicht"}, ("lift",)),
        ({"lift": 2}, ("lift",)),
        ({"heating": "Gas"}, ("heating",)),
        ({"code": "1234"}, ("code",)),
        ({"owner": "Anna"}, ("owner",)),
        ({"owner": {}}, ("owner", "name")),
        ({"owner": {"name": "x", "age": 121}}, ("owner", "age")),
        ({"owner": {"name": "x", "age": True}}, ("owner", "age")),
        ({"owner": {"name": "x", "age": float("inf")}}, ("owner", "age")),
        ({"owner": {"name": "x", "age": float("nan")}}, ("owner", "age")),
        ({"owner": {"name": "x", "age": 1.5}}, ("owner", "age")),
        ({"people": []}, ("people",)),
        ({"people": {"A": {"name": "x", "agge": 3}}}, ("people", "A", "agge")),
    ],
)
def test_a_fault_is_told_with_its_place(table: dict[str, object], place: tuple[str, ...]) -> None:
    with pytest.raises(MisfitError) as raised:
        read_section(_House, table)
    assert raised.value.place == place


@pytest.mark.parametrize("value", [["geheim"], {"geheim": "geheim"}, 3])
def test_a_fault_never_shows_the_value(value: object) -> None:
    with pytest.raises(MisfitError) as raised:
        read_section(_House, {"str": value})
    assert "geheim" not in str(raised.value)


def test_variables_win_over_the_table_and_leave_the_rest() -> None:
    table = {"lift": False, "people": {"M1": {"name": "Anna", "age": 3}, "m2": {"name": "Beat"}}}
    variables = {
        ("LIFT",): "yes",
        ("PEOPLE",): '{"M3": {"name": "Carla"}, "M1": {"age": 4}}',
        ("People", "m1", "NAME"): "Änne",
        ("PEOPLE", "M2", "AGE"): "7",
        ("PEOPLE", "M4", "NAME"): "Doris",
    }
    people = {"M1": ("Änne", 4), "m2": ("Beat", 7), "M3": ("Carla", 0), "M4": ("Doris", 0)}
    house = read_section(_House, laid_over(_House, table, variables))
    assert house.lift
    assert {key: (person.name, person.age) for key, person in house.people.items()} == people
    assert table["people"] == {"M1": {"name": "Anna", "age": 3}, "m2": {"name": "Beat"}}, "the table itself stays as it was"


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        (("OWNER",), "Anna", "owner"),
        (("PEOPLE",), "", "people"),
        (("PEOPLE",), "[1]", "people"),
        (("GARDEN",), "x", "garden"),
        (("GARDEN", "TREES"), "x", "garden"),
        (("LIFT", "MORE"), "x", "lift"),
        (("",), "x", ""),
    ],
)
def test_a_wrong_variable_is_told_with_its_place(place: tuple[str, ...], text: str, told: str) -> None:
    with pytest.raises(MisfitError) as raised:
        read_section(_House, laid_over(_House, {}, {place: text}))
    assert ".".join(raised.value.place) == told


_TEXTS = st.text(max_size=8)
_MACHINES = st.builds(
    Machine,
    gateway=st.builds(
        GatewaySection,
        kind=_TEXTS,
        accounts=st.dictionaries(_TEXTS, st.builds(GatewayAccount, user=_TEXTS, originator=_TEXTS), max_size=3),
    ),
    mail=st.builds(MailSection, host=_TEXTS, port=st.integers(1, 65535), security=st.sampled_from(["starttls", "tls", "none"])),
    ui=st.builds(UiSection, popup=st.booleans(), language=st.sampled_from(["de", "fr"])),
)


@given(_MACHINES)
def test_a_configuration_survives_its_table(machine: Machine) -> None:
    assert read_section(Machine, plain_table(machine)) == machine


@given(_MACHINES)
def test_the_environment_can_say_all_that_a_file_can(machine: Machine) -> None:
    simple: dict[tuple[str, ...], str] = {
        (section.upper(), key.upper()): str(value)
        for section, table in plain_table(machine).items()
        for key, value in table.items()
        if isinstance(value, str | int)
    }
    accounts: dict[tuple[str, ...], str] = {
        ("GATEWAY", "ACCOUNTS", name, key.upper()): getattr(account, key)
        for name, account in machine.gateway.accounts.items()
        for key in ("user", "originator")
    }
    names = [name.lower() for name in machine.gateway.accounts]
    if len(set(names)) == len(names):  # names that differ in case alone can't be told apart where the environment knows only capitals
        assert read_section(Machine, laid_over(Machine, {}, simple | accounts)) == machine


def test_the_documentation_names_every_key_and_is_read() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = tomllib.loads(text.split("```toml\n")[1].split("```")[0])
    machine = read_section(Machine, example)
    assert set(plain_table(machine)) == set(example)
    of_the_practice = text.split("## Of the practice")[1].split("## Of this computer")[0]
    for section, table in plain_table(machine).items():
        ours = {key for key in table if is_practices((section, key))}
        assert ours == {key for key in ours if f"`{section}.{key}" in of_the_practice}
        assert set(example[section]) == set(table) - ours  # a file's lines of the practice's would not hold
