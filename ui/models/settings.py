"""The window *Schalter*: all switches from their declaration, what was changed, what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tray_agent.config import settings as declared
from tray_agent.config.settings import SETTINGS, PracticeIds, Setting, Settings, Type, Value, parse_value, show_value, unit_text
from tray_agent.errors import InputError
from tray_agent.i18n import LANGUAGES, N_, _, ngettext
from ui.models.words import language_name


@dataclass(frozen=True, slots=True)
class SwitchEntry:
    """One row of the window: mostly one switch, or several that are one question.

    Attributes:
        switches: which.
        title: the question in a few words, a source text.
        own_explanation: what several switches do together, a source text; of a single one its own explanation holds.
        seldom: the short word under which a switch that is seldom used is folded away, a source text; "": it is always seen.
    """

    switches: tuple[Setting, ...]
    title: str
    own_explanation: str = ""
    seldom: str = ""

    @property
    def explanation(self) -> str:
        """Returns what it does, translated."""
        return _(self.own_explanation or self.switches[0].explanation)

    @property
    def address(self) -> str:
        """Returns section and keys, as the manual and the support name them: "SMSService › RuhezeitVon, RuhezeitBis"."""
        return f"{self.switches[0].section} › {', '.join(setting.name for setting in self.switches)}"


@dataclass(frozen=True, slots=True)
class SwitchPlace:
    """A place of the window: what belongs together, whatever section its switches are stored in.

    Attributes:
        title: a source text.
        picture: its line picture.
    """

    title: str
    picture: str
    entries: tuple[SwitchEntry, ...]


def _one(setting: Setting, title: str, seldom: str = "") -> SwitchEntry:
    return SwitchEntry((setting,), title, seldom=seldom)


PLACES: tuple[SwitchPlace, ...] = (
    SwitchPlace(
        N_("Terminerinnerungen"), "calendar-event",
        (
            _one(declared.REMINDERS_ON, N_("Terminerinnerungen senden")),
            _one(declared.OFFSET_START, N_("Wie viele Tage vorher")),
            _one(declared.VISIT_REASONS, N_("Nur diese Besuchsgründe")),
            _one(declared.DEFAULT_MANDANT, N_("Wer bezahlt ohne Behandlung")),
            _one(declared.OFFSET_SEARCH, N_("Wie viele Tage auf einmal"), N_("Suchtage")),
            _one(declared.REPEAT_MOVED, N_("Nach einer Verschiebung neu erinnern"), N_("verschobene Termine")),
            _one(declared.ONE_PER_DAY, N_("Nur eine Erinnerung pro Tag"), N_("mehrere Termine am Tag")),
        ),
    ),
    SwitchPlace(N_("Geburtstage"), "cake", (_one(declared.BIRTHDAYS_ON, N_("Geburtstagsglückwünsche senden")),)),
    SwitchPlace(
        N_("Ruhezeit"), "moon",
        (
            SwitchEntry(
                (declared.QUIET_FROM, declared.QUIET_UNTIL), N_("Nachts keine SMS"), N_("In dieser Zeit werden keine SMS gesendet.")
            ),
            _one(declared.QUIET_SUNDAYS, N_("Sonntags Ruhe halten")),
            _one(declared.QUIET_HOLIDAYS, N_("Feiertags Ruhe halten")),
            _one(declared.MAIL_AT_ONCE, N_("E-Mails ausnehmen")),
        ),
    ),
    SwitchPlace(
        N_("Guthaben"), "coins",
        (
            _one(declared.CHECK_CREDITS, N_("Guthaben prüfen")),
            _one(declared.LEAST_CREDITS, N_("Ab wann warnen")),
        ),
    ),
    SwitchPlace(
        N_("SMS und E-Mail"), "message",
        (
            _one(declared.FALLBACK_LANGUAGE, N_("Wenn die Sprache des Patienten fehlt")),
            _one(declared.MOST_SEGMENTS, N_("Wie lang eine SMS sein darf")),
            _one(declared.PLAIN_CHARACTERS, N_("Teure Zeichen vermeiden")),
        ),
    ),
    SwitchPlace(
        N_("Downloads"), "download",
        (
            _one(declared.DOWNLOAD_ACTIVE, N_("Neue Versionen herunterladen")),
            _one(declared.KEEP_MINOR, N_("Bei der Hauptversion bleiben")),
            _one(declared.KEEP_VERSIONS, N_("Wie viele Versionen behalten"), N_("alte Versionen")),
            _one(declared.RATE_OFFICE, N_("Wie schnell tagsüber"), N_("Bandbreite")),
            _one(declared.MOST_SIZE, N_("Wie gross höchstens"), N_("Dateigrösse")),
        ),
    ),
    SwitchPlace(N_("Protokolle"), "file-text", (_one(declared.KEEP_LOG_DAYS, N_("Wie lange aufbewahren")),)),
)  # fmt: skip
"""All switches as the window shows them."""


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

    def differs(self, entry: SwitchEntry) -> bool:
        """Returns whether a row has another value than its default, as edited."""
        return any(self._edited[setting] != setting.default for setting in entry.switches)

    def is_changed(self, entry: SwitchEntry) -> bool:
        """Returns whether a row has what is not saved yet."""
        return any(self._edited[setting] != self._stored[setting] or setting in self._faults for setting in entry.switches)

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


def default_text(entry: SwitchEntry) -> str:
    """Returns how the default is told: "Vorgabe: 50 Credits", "Vorgabe: 20:00 bis 08:00"."""
    shown = [_default(setting) for setting in entry.switches]
    value = _("{start} bis {end}").format(start=shown[0], end=shown[1]) if len(shown) > 1 else shown[0]
    # the short word at the end of an explanation stays in one piece
    return _("Vorgabe: {value}").format(value=value).replace(" ", "\u00a0")


def _default(setting: Setting) -> str:
    shown = show_value(setting, setting.default) or _("leer")
    if setting.type is Type.LANGUAGE:
        shown = language_name(shown)
    unit = unit_text(setting, setting.default) if isinstance(setting.default, int) else ""
    return f"{shown} {unit}" if unit else shown


def fold_text(place: SwitchPlace) -> str:
    """Returns what the line says that unfolds what is seldom used: "3 selten gebrauchte: Suchtage, …"; "": there is nothing."""
    words = [_(entry.seldom) for entry in place.entries if entry.seldom]
    if not words:
        return ""
    number = ngettext("{number} selten gebrauchter", "{number} selten gebrauchte", len(words)).format(number=len(words))
    return _("{number}: {names}").format(number=number, names=", ".join(words))


def chosen_text(labels: Sequence[str]) -> str:
    """Returns what the button says with which visit reasons are chosen."""
    if not labels:
        return _("Alle …")
    return ngettext("{number} gewählt …", "{number} gewählte …", len(labels)).format(number=len(labels))


def is_found(entry: SwitchEntry, words: str) -> bool:
    """Returns whether a row has all the words somewhere: in its question, its explanation, its section and keys, in any spelling."""
    keys = (name for setting in entry.switches for name in (setting.name, *setting.aliases))
    told = " ".join((_(entry.title), entry.explanation, entry.address, *keys)).casefold()
    return all(word in told for word in words.casefold().split())


def _with_unknown(names: Mapping[str, str], stored: Iterable[str]) -> Mapping[str, str]:
    """Returns names by id, sorted by name, then the stored ids without a name."""
    unknown = {key: _("{id} (unbekannt)").format(id=key) for key in sorted(stored) if key not in names}
    return dict(sorted(names.items(), key=lambda item: item[1])) | unknown
