"""The window *Schalter*: all switches from their declaration, what was changed, what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tray_agent.config import settings as declared
from tray_agent.config.settings import SETTINGS, Setting, Settings, Value, parse_value, show_value, unit_text
from tray_agent.errors import InputError
from tray_agent.i18n import LANGUAGES, N_, _

SECTION_TITLES: Mapping[str, str] = {
    "DownloadService": N_("Download-Service"),
    "SMSService": N_("SMS-Service"),
    "Protokoll": N_("Protokolle"),
}
"""The sections' titles in the window, source texts."""


_LANGUAGE_NAMES = {"de": N_("Deutsch"), "en": N_("Englisch"), "fr": N_("Französisch"), "it": N_("Italienisch")}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that can be chosen from a list: what is stored, and what people read."""

    value: str
    label: str


class SettingsModel:
    """The switches as a person edits them. Nothing is written before ``changes`` are saved.

    Args:
        values: the switches as they are stored.
        mandants: the Mandants' names by id, empty where the practice's data can't be read now.
        visit_reasons: the visit reasons' names by id.
    """

    def __init__(self, values: Settings, mandants: Mapping[str, str], visit_reasons: Mapping[str, str]) -> None:
        self._stored = {setting: values.values.get(setting, setting.default) for setting in SETTINGS}
        self._edited: dict[Setting, Value] = dict(self._stored)
        self._faults: dict[Setting, str] = {}
        self._mandants = mandants
        self._visit_reasons = visit_reasons

    def sections(self) -> Iterator[tuple[str, tuple[Setting, ...]]]:
        """Yields each section's title, translated, and its switches, in the order of the declaration."""
        for section in dict.fromkeys(setting.section for setting in SETTINGS):
            title = SECTION_TITLES.get(section, section)
            yield _(title), tuple(setting for setting in SETTINGS if setting.section == section)

    def value(self, setting: Setting) -> Value:
        """Returns a switch's value as edited."""
        return self._edited[setting]

    def edit(self, setting: Setting, text: str) -> str:
        """Takes what a person entered; returns what is wrong with it, or "". What does not fit is not kept."""
        try:
            self._edited[setting] = parse_value(setting, text)
        except InputError as error:
            self._faults[setting] = error.advice
            return error.advice
        self._faults.pop(setting, None)
        return ""

    def reset(self, setting: Setting) -> Value:
        """Puts a switch back to its default and returns that."""
        self._faults.pop(setting, None)
        self._edited[setting] = setting.default
        return setting.default

    def mandant_choices(self) -> tuple[Choice, ...]:
        """Returns the Mandants to choose from: none first; one that is stored but not known (any more) is kept."""
        current = str(self._edited[declared.DEFAULT_MANDANT])
        known = [Choice(key, f"{name} ({key})") for key, name in sorted(self._mandants.items(), key=lambda item: item[1])]
        if current and current not in self._mandants:
            known.append(Choice(current, _("{id} (unbekannt)").format(id=current)))
        return (Choice("", _("– keiner –")), *known)

    def visit_reason_choices(self) -> tuple[Choice, ...]:
        """Returns the visit reasons to choose from, by name; ids that are stored but not known (any more) are kept."""
        stored = Settings(self._edited).choices(declared.VISIT_REASONS) - set(self._visit_reasons)
        known = [Choice(key, name) for key, name in sorted(self._visit_reasons.items(), key=lambda item: item[1])]
        return (*known, *(Choice(key, _("{id} (unbekannt)").format(id=key)) for key in sorted(stored)))

    @property
    def changes(self) -> dict[Setting, Value]:
        """Returns what was changed and fits."""
        return {setting: value for setting, value in self._edited.items() if value != self._stored[setting]}

    @property
    def has_changes(self) -> bool:
        """Returns whether closing would lose something, faulty input included."""
        return bool(self.changes or self._faults)

    @property
    def faults(self) -> Mapping[Setting, str]:
        """Returns what does not fit, by switch: the sentence that says what is allowed."""
        return dict(self._faults)

    def saved(self) -> None:
        """Takes the edited values as the stored ones."""
        self._stored = dict(self._edited)

    def hints(self) -> tuple[str, ...]:
        """Returns what a person should know about the values as edited, sentence by sentence."""
        edited = Settings(self._edited)
        return tuple(sentence for sentence in (_quiet_hint(edited), _mandant_hint(edited), _nothing_on_hint(edited)) if sentence)


def default_text(setting: Setting) -> str:
    """Returns how the default is told: "Vorgabe: 50 Credits"."""
    shown = show_value(setting, setting.default) or _("leer")
    if is_language(setting):
        shown = language_name(shown)
    unit = unit_text(setting, setting.default) if isinstance(setting.default, int) else ""
    told = _("Vorgabe: {value}").format(value=f"{shown}\u00a0{unit}" if unit else shown)
    return told.replace(" ", "\u00a0")  # the short word at the end of an explanation stays in one piece


def is_language(setting: Setting) -> bool:
    """Returns whether a switch is a language of the product."""
    return str(setting.default) in LANGUAGES


def language_name(language: str) -> str:
    """Returns a language's name."""
    return _(_LANGUAGE_NAMES[language])


def _quiet_hint(edited: Settings) -> str:
    if edited.text(declared.QUIET_FROM) == edited.text(declared.QUIET_UNTIL):
        return _("Ruhezeit von und bis sind gleich: es gibt keine Ruhezeit, SMS können auch nachts gesendet werden.")
    return ""


def _mandant_hint(edited: Settings) -> str:
    sending = edited.yes(declared.REMINDERS_ON) or edited.yes(declared.BIRTHDAYS_ON)
    if sending and not edited.text(declared.DEFAULT_MANDANT):
        return _("Ohne DefaultSMSMandant erhalten Patienten ohne Behandlung keine Mitteilungen.")
    return ""


def _nothing_on_hint(edited: Settings) -> str:
    if any(edited.yes(switch) for switch in (declared.DOWNLOAD_ACTIVE, declared.REMINDERS_ON, declared.BIRTHDAYS_ON)):
        return ""
    return _("Alle Dienste sind ausgeschaltet: es wird nichts heruntergeladen und nichts gesendet.")
