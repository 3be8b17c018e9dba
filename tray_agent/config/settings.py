"""The practice-wide switches (Schalter), declared once as data: type, default, bounds, explanation.

From this declaration come the dialog *Schalter*, the checks, the command line and the documentation. The values live
in the store (``tray_agent.store.settings``). Sources: seed, ``SQL-Server-Aufträge verwalten``; domain, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from tray_agent.errors import InputError
from tray_agent.i18n import LANGUAGES, N_, _, normal_language

Value = bool | int | str


class Type(Enum):
    """The types of a switch."""

    YES_NO = auto()
    NUMBER = auto()
    LANGUAGE = auto()
    """One of the languages in which there are texts."""

    MANDANT = auto()
    """A Mandant's id; empty: none."""

    VISIT_REASONS = auto()
    """Ids of visit reasons, separated by commas; empty: all."""

    TIME = auto()
    """A time of day, ``HH:MM``."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The declaration of one switch.

    Attributes:
        section, name: its address, in the users' spelling.
        default: the value where nobody set one.
        explanation: what it does, a German source text for translation.
        least, most: bounds of a number.
        unit: the unit of a number ("Tage"), a source text, or "".
        aliases: other spellings under which the switch is found.
    """

    section: str
    name: str
    type: Type
    default: Value
    explanation: str
    least: int | None = None
    most: int | None = None
    unit: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Returns ``Section.Name``."""
        return f"{self.section}.{self.name}"


def _switch(section: str, name: str, default: bool, explanation: str) -> Setting:
    return Setting(section, name, Type.YES_NO, default, explanation)


def _number(section: str, name: str, default: int, explanation: str, least: int, most: int, unit: str) -> Setting:
    return Setting(section, name, Type.NUMBER, default, explanation, least, most, unit)


DOWNLOAD_ACTIVE = _switch("DownloadService", "Aktiv", False, N_("Hauptschalter des Download-Service."))
KEEP_MINOR = _switch(
    "DownloadService", "NurGleicheHauptversion", False,
    N_("Nur Versionen mit der gleichen Haupt- und Unterversion wie die installierte herunterladen (z. B. 2.69)."),
)  # fmt: skip
KEEP_VERSIONS = _number(
    "DownloadService", "VersionenBehalten", 2, N_("So viele Versionen eines Elementes bleiben im Download-Ordner."), 1, 20, N_("Versionen")
)
RATE_OFFICE = _number(
    "DownloadService", "BandbreiteBürozeit", 0,
    N_("Höchste Übertragungsrate zwischen 07.00 und 19.00 Uhr; 0 heisst unbegrenzt."), 0, 1_000_000, N_("KB/s"),
)  # fmt: skip
MOST_SIZE = _number("DownloadService", "GrössteDatei", 4096, N_("Grössere Dateien werden nicht heruntergeladen."), 1, 1_000_000, N_("MB"))

REMINDERS_ON = _switch("SMSService", "TerminerinnerungSenden", False, N_("Terminerinnerungen aufbereiten und senden."))
BIRTHDAYS_ON = _switch("SMSService", "GeburtstagsglückwünscheSenden", False, N_("Geburtstagsglückwünsche aufbereiten und senden."))
DEFAULT_MANDANT = Setting(
    "SMSService", "DefaultSMSMandant", Type.MANDANT, "", N_("Mandant, der bei Patienten ohne Behandlung belastet wird.")
)
OFFSET_START = Setting(
    "SMSService", "OffsetStartTage", Type.NUMBER, 1,
    N_("Erster Tag, an dem nach Terminen gesucht wird, gezählt ab heute."), 0, 365, N_("Tage"), ("OffsetStartStage",),
)  # fmt: skip
OFFSET_SEARCH = _number(
    "SMSService", "OffsetSuchTage", 1, N_("An so vielen aufeinander folgenden Tagen wird nach Terminen gesucht."), 1, 365, N_("Tage")
)
CHECK_CREDITS = _switch("SMSService", "CreditBestandPrüfen", True, N_("Creditbestand prüfen und vor dem Versiegen warnen."))
LEAST_CREDITS = _number(
    "SMSService", "CreditMindestbestand", 50,
    N_("Unter diesem Bestand erscheint beim Start eine Meldung."), 0, 1_000_000, N_("Credits"),
)  # fmt: skip
REPEAT_MOVED = _switch(
    "SMSService", "VerschobeneErneutErinnern", True,
    N_("Wird ein Termin nach der Erinnerung verschoben, wird neu erinnert."),
)  # fmt: skip
ONE_PER_DAY = _switch("SMSService", "EineErinnerungProTag", False, N_("Pro Patient und Tag nur eine Erinnerung (an den ersten Termin)."))
VISIT_REASONS = Setting(
    "SMSService", "Besuchsgründe", Type.VISIT_REASONS, "", N_("Nur Termine mit diesen Besuchsgründen erinnern; leer heisst alle.")
)
QUIET_FROM = Setting("SMSService", "RuhezeitVon", Type.TIME, "20:00", N_("Ab dieser Zeit werden keine SMS gesendet."))
QUIET_UNTIL = Setting("SMSService", "RuhezeitBis", Type.TIME, "08:00", N_("Bis zu dieser Zeit werden keine SMS gesendet."))
QUIET_SUNDAYS = _switch("SMSService", "RuhezeitSonntag", False, N_("An Sonntagen keine SMS senden."))
QUIET_HOLIDAYS = _switch("SMSService", "RuhezeitFeiertage", False, N_("An Feiertagen des Kantons keine SMS senden."))
MAIL_AT_ONCE = _switch("SMSService", "MailOhneRuhezeit", False, N_("E-Mails auch in der Ruhezeit senden."))
FALLBACK_LANGUAGE = Setting(
    "SMSService", "Ersatzsprache", Type.LANGUAGE, "de", N_("Sprache der Textvorlage, wenn es in der Sprache des Patienten keine gibt.")
)
MOST_SEGMENTS = _number(
    "SMSService", "HöchstensSegmente", 3, N_("SMS-Vorlagen mit mehr Segmenten werden beim Speichern abgelehnt."), 1, 10, N_("Segmente")
)

PLAIN_CHARACTERS = _switch(
    "SMSService", "SchlichteZeichen", True,
    N_("Zeichen in Namen, die eine SMS verteuern, durch schlichte ersetzen (Šarić wird Saric)."),
)  # fmt: skip

KEEP_LOG_DAYS = _number(
    "Protokoll", "AufbewahrungTage", 400, N_("So lange bleiben Auftragsverlauf und Aktivitäten gespeichert."), 30, 3650, N_("Tage")
)

SETTINGS: tuple[Setting, ...] = (
    DOWNLOAD_ACTIVE, KEEP_MINOR, KEEP_VERSIONS, RATE_OFFICE, MOST_SIZE,
    REMINDERS_ON, BIRTHDAYS_ON, DEFAULT_MANDANT, OFFSET_START, OFFSET_SEARCH, CHECK_CREDITS, LEAST_CREDITS,
    REPEAT_MOVED, ONE_PER_DAY, VISIT_REASONS, QUIET_FROM, QUIET_UNTIL, QUIET_SUNDAYS, QUIET_HOLIDAYS, MAIL_AT_ONCE,
    FALLBACK_LANGUAGE, MOST_SEGMENTS, PLAIN_CHARACTERS,
    KEEP_LOG_DAYS,
)  # fmt: skip
"""All switches, in the order in which the dialog shows them."""


def find_setting(address: str) -> Setting:
    """Returns the switch with this address (``Section.Name``, any case, aliases included).

    Raises:
        InputError: there is no such switch.
    """
    wanted = address.casefold()
    for setting in SETTINGS:
        if wanted in {f"{setting.section}.{name}".casefold() for name in (setting.name, *setting.aliases)}:
            return setting
    raise InputError(
        _("Unbekannter Schalter"),
        _("Den Schalter {name} gibt es nicht.").format(name=address),
        _("«vitoclient settings» zeigt alle Schalter."),
        item=address,
    )


@dataclass(frozen=True)
class PracticeIds:
    """What a switch may name in the practice's data: names by id.

    Attributes:
        mandants, visit_reasons: those that there are.
    """

    mandants: Mapping[str, str]
    visit_reasons: Mapping[str, str]


def parse_value(setting: Setting, text: str, known: PracticeIds | None = None) -> Value:
    """Returns the value that a person wrote for a switch; the one check of dialog, command line and store.

    Args:
        setting: the switch.
        text: what was written.
        known: the ids that count as right; None: every id does, because the practice's data can't be read now, or because
            the value is an old one, whose Mandant or visit reason may be gone from them.

    Raises:
        InputError: the text does not fit the switch's type or bounds.
    """
    return _PARSERS[setting.type](setting, text.strip(), known)


def show_value(setting: Setting, value: Value) -> str:
    """Returns a value as the switches' dialog writes it: Ja, Nein, 50."""
    if setting.type is Type.YES_NO:
        return _("Ja") if value else _("Nein")
    return str(value)


def unit_text(setting: Setting, number: int) -> str:
    """Returns the unit that goes with a number ("Tag", "Tage"), or ""."""
    if not setting.unit:
        return ""
    return _(_ONE.get(setting.unit, setting.unit)) if number == 1 else _(setting.unit)


_ONE = {"Tage": N_("Tag"), "Versionen": N_("Version"), "Segmente": N_("Segment"), "Credits": N_("Credit")}


def stored_value(value: Value) -> str:
    """Returns a value as the store keeps it, independent of the language: ``1``, ``0``, ``50``, text."""
    return str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Settings:
    """All switches at one moment. Values that can't be read any more count as their default."""

    values: Mapping[Setting, Value]

    def yes(self, setting: Setting) -> bool:
        """Returns a Ja/Nein switch."""
        return bool(self._value(setting))

    def number(self, setting: Setting) -> int:
        """Returns a number."""
        return int(self._value(setting))

    def text(self, setting: Setting) -> str:
        """Returns a text, a Mandant's id, or a time of day (``HH:MM``)."""
        return str(self._value(setting))

    def choices(self, setting: Setting) -> frozenset[str]:
        """Returns the ids of a list; empty means all."""
        return frozenset(part.strip() for part in self.text(setting).split(",") if part.strip())

    def _value(self, setting: Setting) -> Value:
        return self.values.get(setting, setting.default)


_YES = {"ja", "j", "yes", "y", "oui", "si", "sì", "1", "true", "ein", "on"}
_NO = {"nein", "n", "no", "non", "0", "false", "aus", "off"}


def _yes_no(setting: Setting, text: str, _known: PracticeIds | None) -> bool:
    if text.casefold() in _YES:
        return True
    if text.casefold() in _NO:
        return False
    raise _refused(setting, text, _("Erlaubt sind Ja und Nein."))


def _bounded(setting: Setting, text: str, _known: PracticeIds | None) -> int:
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not (setting.least or 0) <= number <= (number if setting.most is None else setting.most):
        allowed = _("Erlaubt ist eine ganze Zahl von {least} bis {most}.").format(least=setting.least, most=setting.most)
        raise _refused(setting, text, allowed)
    return number


def _time(setting: Setting, text: str, _known: PracticeIds | None) -> str:
    hours, _separator, minutes = text.replace(".", ":").partition(":")
    if hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60:
        return f"{int(hours):02}:{int(minutes):02}"
    raise _refused(setting, text, _("Erlaubt ist eine Uhrzeit wie 08:00."))


def _language(setting: Setting, text: str, _known: PracticeIds | None) -> str:
    if found := normal_language(text):  # "fr_CH" and "Français" stand in stores from before
        return found
    raise _refused(setting, text, _("Erlaubt ist eine dieser Sprachen: {names}.").format(names=", ".join(LANGUAGES)))


def _mandant(setting: Setting, text: str, known: PracticeIds | None) -> str:
    if text and known is not None and text not in known.mandants:
        raise _refused(setting, text, _("Erlaubt ist ein Mandant der Praxis: {ids}.").format(ids=", ".join(sorted(known.mandants)) or "–"))
    return text


def _visit_reasons(setting: Setting, text: str, known: PracticeIds | None) -> str:
    ids = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [] if known is None else [one for one in ids if one not in known.visit_reasons]
    if known is not None and unknown:
        allowed = _("Erlaubt sind Besuchsgründe der Praxis, durch Kommas getrennt: {ids}.")
        raise _refused(setting, ", ".join(unknown), allowed.format(ids=", ".join(sorted(known.visit_reasons)) or "–"))
    return ",".join(dict.fromkeys(ids))


_PARSERS: Mapping[Type, Callable[[Setting, str, PracticeIds | None], Value]] = {
    Type.YES_NO: _yes_no,
    Type.NUMBER: _bounded,
    Type.TIME: _time,
    Type.LANGUAGE: _language,
    Type.MANDANT: _mandant,
    Type.VISIT_REASONS: _visit_reasons,
}


def _refused(setting: Setting, text: str, allowed: str) -> InputError:
    return InputError(
        _("Wert nicht erlaubt"),
        _("«{value}» passt nicht zum Schalter {name}; er blieb unverändert.").format(value=text, name=setting.address),
        allowed,
        item=setting.address,
    )
