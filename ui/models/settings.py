"""The window *Schalter*: all switches from their declaration, what was changed, what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tray_agent.config import settings as declared
from tray_agent.config.settings import SETTINGS, PracticeIds, Setting, Settings, Type, Value, parse_value, show_value, unit_text
from tray_agent.errors import InputError
from tray_agent.i18n import LANGUAGES, N_, _
from ui.models.words import language_name

SECTION_TITLES: Mapping[str, str] = {
    "DownloadService": N_("Download-Service"),
    "SMSService": N_("SMS-Service"),
    "Protokoll": N_("Protokolle"),
}
"""The sections' titles in the window, source texts."""


@dataclass(frozen=True, slots=True)
class SettingChoice:
    """One value that can be chosen from a list: what is stored, and what people read."""

    value: str
    label: str


class SettingsModel:
    """The switches as a person edits them. Nothing is written before ``changes`` are saved.

    Args:
        values: the switches as they are stored.
        practice: what the practice's data know; None where they can't be read now.

    Attributes:
        gaps: what is told of days on which no planned run reminds of an appointment, with the switches as edited.
    """

    def __init__(self, values: Settings, practice: PracticeIds | None) -> None:
        self._stored = {setting: values.values.get(setting, setting.default) for setting in SETTINGS}
        self._edited: dict[Setting, Value] = dict(self._stored)
        self._faults: dict[Setting, str] = {}
        self._practice = practice
        self.gaps: tuple[str, ...] = ()
        # What is stored may stay, also where the practice has it no more: else nothing beside it could be changed.
        names, stored = practice or PracticeIds({}, {}), Settings(self._stored)
        self._known = PracticeIds(
            _with_unknown(names.mandants, {stored.text(declared.DEFAULT_MANDANT)} - {""}),
            _with_unknown(names.visit_reasons, stored.choices(declared.VISIT_REASONS)),
        )

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
            self._edited[setting] = parse_value(setting, text, self._known)
        except InputError as error:
            self._faults[setting] = error.advice
            return error.advice
        self._faults.pop(setting, None)
        return ""

    def choices(self, setting: Setting) -> tuple[SettingChoice, ...]:
        """Returns what a switch can be set to, by name; ids that are stored but not known (any more) come last."""
        if setting.type is Type.LANGUAGE:
            return tuple(SettingChoice(language, language_name(language)) for language in LANGUAGES)
        if setting.type is Type.MANDANT:
            known = self._practice.mandants if self._practice else {}
            named = {key: f"{name} ({key})" if key in known else name for key, name in self._known.mandants.items()}
            return (SettingChoice("", _("– keiner –")), *(SettingChoice(key, label) for key, label in named.items()))
        return tuple(SettingChoice(key, name) for key, name in self._known.visit_reasons.items())

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
        sending = edited.yes(declared.REMINDERS_ON) or edited.yes(declared.BIRTHDAYS_ON)
        hints = (
            (
                edited.text(declared.QUIET_FROM) == edited.text(declared.QUIET_UNTIL),
                _("Ruhezeit von und bis sind gleich: es gibt keine Ruhezeit, SMS können auch nachts gesendet werden."),
            ),
            (
                sending and not edited.text(declared.DEFAULT_MANDANT),
                _("Ohne DefaultSMSMandant erhalten Patienten ohne Behandlung keine Mitteilungen."),
            ),
            (
                not sending and not edited.yes(declared.DOWNLOAD_ACTIVE),
                _("Alle Dienste sind ausgeschaltet: es wird nichts heruntergeladen und nichts gesendet."),
            ),
            (
                self._practice is None,
                _("Die Praxisdaten sind im Moment nicht lesbar: Mandanten und Besuchsgründe stehen nicht zur Wahl."),
            ),
        )
        return (*(sentence for given, sentence in hints if given), *self.gaps)

    @property
    def plan_switches(self) -> dict[Setting, Value]:
        """Returns the switches that say which days are searched for appointments, as edited."""
        return {setting: self._edited[setting] for setting in (declared.REMINDERS_ON, declared.OFFSET_START, declared.OFFSET_SEARCH)}


def default_text(setting: Setting) -> str:
    """Returns how the default is told: "Vorgabe: 50 Credits"."""
    shown = show_value(setting, setting.default) or _("leer")
    if setting.type is Type.LANGUAGE:
        shown = language_name(shown)
    unit = unit_text(setting, setting.default) if isinstance(setting.default, int) else ""
    default = _("Vorgabe: {value}").format(value=f"{shown}\u00a0{unit}" if unit else shown)
    return default.replace(" ", "\u00a0")  # the short word at the end of an explanation stays in one piece


def _with_unknown(names: Mapping[str, str], stored: Iterable[str]) -> Mapping[str, str]:
    """Returns names by id, sorted by name, then the stored ids without a name."""
    unknown = {key: _("{id} (unbekannt)").format(id=key) for key in sorted(stored) if key not in names}
    return dict(sorted(names.items(), key=lambda item: item[1])) | unknown
