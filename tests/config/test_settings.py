"""The declaration of the switches, and their values in the store."""

from __future__ import annotations

import pytest

from tray_agent.config import settings as declared
from tray_agent.config.settings import SETTINGS, Setting, Type, find_setting, parse_value, show_value, stored_value
from tray_agent.errors import InputError
from tray_agent.store.database import Database
from tray_agent.store.settings import SettingStore

KNOWN = declared.PracticeIds({"M2": "Dr. Müller", "M1": "Dr. Meier"}, {"K": "Kontrolle", "N": "Notfall"})
SEED = {
    "DownloadService.Aktiv": False,
    "SMSService.TerminerinnerungSenden": False,
    "SMSService.GeburtstagsglückwünscheSenden": False,
    "SMSService.DefaultSMSMandant": "",
    "SMSService.OffsetStartTage": 1,
    "SMSService.OffsetSuchTage": 1,
    "SMSService.CreditBestandPrüfen": True,
    "SMSService.CreditMindestbestand": 50,
}


@pytest.mark.parametrize(("address", "default"), SEED.items())
def test_the_switches_of_the_specification_are_there_with_their_defaults(address: str, default: object) -> None:
    assert find_setting(address).default == default


def test_the_other_spelling_of_the_specification_finds_the_same_switch() -> None:
    assert find_setting("SMSService.OffsetStartStage") is declared.OFFSET_START


def test_addresses_are_unique() -> None:
    addresses = [f"{s.section}.{name}".casefold() for s in SETTINGS for name in (s.name, *s.aliases)]
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.address)
def test_every_default_is_a_value_that_a_person_could_write(setting: Setting) -> None:
    assert parse_value(setting, show_value(setting, setting.default)) == setting.default
    assert parse_value(setting, stored_value(setting.default)) == setting.default


@pytest.mark.parametrize(("address", "text"), [
    ("SMSService.TerminerinnerungSenden", "vielleicht"),
    ("SMSService.OffsetSuchTage", "0"),
    ("SMSService.OffsetStartTage", "-1"),
    ("SMSService.OffsetStartTage", "1.5"),
    ("SMSService.RuhezeitVon", "24:00"),
    ("SMSService.RuhezeitVon", "acht"),
    ("SMSService.RuhezeitVon", "²:00"),
    ("SMSService.Ersatzsprache", "klingonisch"),
])  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_and_the_switch_is_named(address: str, text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_value(find_setting(address), text)
    assert raised.value.item == address
    assert text in raised.value.message


@pytest.mark.parametrize(("address", "text", "value"), [
    ("SMSService.Ersatzsprache", " FR ", "fr"),
    ("SMSService.DefaultSMSMandant", " M1 ", "M1"),
    ("SMSService.DefaultSMSMandant", "", ""),
    ("SMSService.Besuchsgründe", "K , N, K", "K,N"),
    ("SMSService.Besuchsgründe", "", ""),
])  # fmt: skip
def test_languages_and_ids_are_taken_as_they_are_meant(address: str, text: str, value: str) -> None:
    assert parse_value(find_setting(address), text, KNOWN) == value


@pytest.mark.parametrize(("address", "text"), [("SMSService.DefaultSMSMandant", "M9"), ("SMSService.Besuchsgründe", "K,X")])
def test_an_id_that_the_practice_does_not_know_is_refused_where_it_can_be_read(address: str, text: str) -> None:
    setting = find_setting(address)
    assert parse_value(setting, text) == text
    with pytest.raises(InputError) as raised:
        parse_value(setting, text, KNOWN)
    assert raised.value.item == address
    assert "M1, M2" in raised.value.advice or "K, N" in raised.value.advice


@pytest.mark.parametrize(("written", "language"), [("fr_CH", "fr"), ("Français", "fr"), ("IT", "it"), ("de-CH", "de"), ("englisch", "en")])
def test_a_language_is_understood_as_practices_write_it_also_from_before(sqlite_database: Database, written: str, language: str) -> None:
    store = SettingStore(sqlite_database)
    store.save({declared.FALLBACK_LANGUAGE: written}, "old")
    assert store.load().text(declared.FALLBACK_LANGUAGE) == language
    assert parse_value(declared.FALLBACK_LANGUAGE, written) == language


def test_an_old_wrong_value_in_the_store_counts_as_the_default(sqlite_database: Database) -> None:
    store = SettingStore(sqlite_database)
    store.save({declared.FALLBACK_LANGUAGE: "klingonisch", declared.QUIET_FROM: "25:00", declared.DEFAULT_MANDANT: "M9"}, "old")
    found = store.load()
    assert found.text(declared.FALLBACK_LANGUAGE) == "de"
    assert found.text(declared.QUIET_FROM) == "20:00"
    assert found.text(declared.DEFAULT_MANDANT) == "M9"


def test_values_come_back_from_the_store(database: Database) -> None:
    store = SettingStore(database)
    store.save({declared.REMINDERS_ON: True, declared.OFFSET_SEARCH: 3, declared.DEFAULT_MANDANT: "M 1 «ü»"}, "test")
    store.save({declared.OFFSET_SEARCH: 4}, "test")
    found = store.load()
    assert found.yes(declared.REMINDERS_ON)
    assert found.number(declared.OFFSET_SEARCH) == 4
    assert found.text(declared.DEFAULT_MANDANT) == "M 1 «ü»"
    assert found.number(declared.LEAST_CREDITS) == 50


def test_lists_and_times_are_understood() -> None:
    values = declared.Settings({declared.VISIT_REASONS: "a, b,,c", declared.QUIET_FROM: parse_value(declared.QUIET_FROM, "7.5")})
    assert values.choices(declared.VISIT_REASONS) == {"a", "b", "c"}
    assert values.text(declared.QUIET_FROM) == "07:05"


def test_only_known_types_are_declared() -> None:
    assert {setting.type for setting in SETTINGS} <= set(Type)
