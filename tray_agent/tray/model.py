"""What the tray shows: state, tooltip, menu and default action, computed from facts about the agent.

Pure: facts in, values out. The adapters (pystray, Qt) only draw what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _, format_date, format_time, ngettext
from tray_agent.jobs.model import Pause, PauseScope
from tray_agent.tray.in_windows import in_windows

MOST_SHOWN_NUMBER = 9
"""The icon shows the number of new downloads up to this one, then ``9+``."""


class Look(StrEnum):
    """The states that one tells apart by the icon's shape alone."""

    OK = "ok"
    NEW_DOWNLOADS = "new"
    ATTENTION = "attention"
    PAUSED = "paused"
    DATABASE_AWAY = "away"


class DialogName(StrEnum):
    """The windows of the program; the value is the module in ``ui.dialogs``."""

    START = "start"
    CALLS = "calls"
    QUESTIONS = "questions"
    DOWNLOADS = "downloads"
    PORTAL = "portal"
    JOBS = "jobs"
    SCHEDULE = "schedule"
    JOB_HISTORY = "job_history"
    ACTIVITY = "activity"
    SETTINGS = "settings"
    TEMPLATES = "templates"
    OUTBOX = "outbox"
    CREDITS = "credits"
    PREVIEW = "preview"
    INFO = "info"
    SETUP = "setup"


class Idle(StrEnum):
    """Why no run is planned."""

    NONE_ENABLED = "none_enabled"
    SWITCHED_OFF = "switched_off"
    """Jobs are enabled, but their switches stand on Nein."""

    NOTHING_LEFT = "nothing_left"
    """The enabled jobs have no time any more, or the pause holds them back."""


class PauseLength(StrEnum):
    """How long a pause lasts."""

    HOUR = "hour"
    TODAY = "today"
    UNTIL_RESUMED = "until_resumed"


@dataclass(frozen=True, slots=True)
class OpenDialog:
    """Opens a window; one that is open comes to the front.

    Attributes:
        dialog: which.
        shows: the rows that its list shall show, as the window takes it (the outbox an ``OutboxFilter``); None: as it opens by itself.
    """

    dialog: DialogName
    shows: object = None


@dataclass(frozen=True, slots=True)
class PauseJobs:
    """Pauses the agent."""

    scope: PauseScope
    length: PauseLength


@dataclass(frozen=True, slots=True)
class Resume:
    """Ends a pause."""


@dataclass(frozen=True, slots=True)
class CheckNow:
    """Looks for new downloads and asks for the state of messages now."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Ends the program."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Ends the program and starts it anew, so that another configuration is in force."""


Action = OpenDialog | PauseJobs | Resume | CheckNow | Restart | Quit
"""What a click asks for."""


class ConcernKind(StrEnum):
    """What needs a person, the gravest first."""

    COPIED = "copied"
    """The store came from another computer: nothing is sent before a person has said something."""

    FAULT = "fault"
    """A part can't be read: practice's data, mail server, download folder."""

    QUESTION = "question"
    CALLS = "calls"
    TROUBLE = "trouble"
    """Something has been in a job's way for long."""

    DOUBT = "doubt"
    CREDITS = "credits"
    ERRORS = "errors"
    """Errors on the list of the activity log."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that needs a person.

    Attributes:
        sentence: what it is, a whole sentence in the language of the user interface.
        opens: the window in which it is settled.
        detail: more sentences: what it means and what to do; the tooltip has no room for them.
        kind: what sort of thing it is.
        number: of persons, messages, errors; 0 where there is nothing to count.
        title: the same in a few words without a full stop; "" for the sentence.
    """

    sentence: str
    opens: DialogName
    detail: str = ""
    kind: ConcernKind = ConcernKind.FAULT
    number: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Lasting:
    """A job that something has been in the way of for long, or whose delay puts patients at risk.

    Attributes:
        job: which, a stable word.
        since: since when (aware).
        sentence: the job, since when, and when it is tried again.
        why: what its last attempt said.
    """

    job: str
    since: datetime
    sentence: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """A question that nobody answered yet: its number, and what it says."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class NextRun:
    """The next planned run.

    Attributes:
        title: the job's name in the users' words.
        at: the planned time in the practice's time zone.
    """

    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What the tray must know of the agent.

    Attributes:
        now: the present time in the practice's time zone.
        starting: the engine is not built yet.
        database_away: the database can't be used.
        database_fault: why, where it answers and takes no changes, or is not to be read; None: it does not answer.
        new_downloads: downloaded elements that nobody has installed or put aside.
        concerns: what needs a person, the gravest first.
        pause: the pause in force, or None.
        next_run: the next planned run that the pause does not hold back, or None.
        idle: why there is none.
        running: the name of the job that runs now, or "".
        waiting: a job that waits for its next attempt, as a whole sentence, or "".
        lasting: the jobs that something has been in the way of for long.
        good_again: what is told of those whose trouble ended since the facts were read last, a sentence each.
        questions: what a person has to decide; it is among the concerns, too.
        download_titles: the names of the new downloads, in their order.
        is_set_up: whether a job is enabled, a switch stands on Ja, or anything ever ran.
    """

    now: datetime
    starting: bool = False
    database_away: bool = False
    database_fault: KnownError | None = None
    new_downloads: int = 0
    concerns: tuple[Concern, ...] = ()
    pause: Pause | None = None
    next_run: NextRun | None = None
    idle: Idle = Idle.NONE_ENABLED
    running: str = ""
    waiting: str = ""
    lasting: tuple[Lasting, ...] = ()
    good_again: tuple[str, ...] = ()
    questions: tuple[PendingQuestion, ...] = ()
    download_titles: tuple[str, ...] = ()
    is_set_up: bool = True

    def number_of(self, kind: ConcernKind) -> int:
        """Returns how many there are of what needs a person."""
        return sum(concern.number for concern in self.concerns if concern.kind is kind)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the menu; with ``children`` a submenu, without ``action`` and ``children`` a separator."""

    label: str = ""
    action: Action | None = None
    children: tuple[MenuItem, ...] = ()
    default: bool = False

    @property
    def is_separator(self) -> bool:
        """Returns whether this entry is a line between groups."""
        return self.action is None and not self.children


@dataclass(frozen=True, slots=True)
class TrayState:
    """All that a tray shows.

    Attributes:
        look: which icon.
        number: the new downloads that the icon shows; 0 shows none.
        word: the state in a few words, for a title.
        lines: the state in short lines; the first is the product's name.
        details: for the window that shows the state: whole sentences.
        menu: the menu.
        default_action: what a click (Windows) or double click asks for.
        running: the name of the job that runs now, or "".
        facts: from which all this is made.
    """

    look: Look
    number: int
    word: str
    lines: tuple[str, ...]
    details: tuple[str, ...]
    menu: tuple[MenuItem, ...]
    default_action: Action
    running: str
    facts: AgentFacts

    @property
    def tooltip(self) -> str:
        """Returns the short lines as one text."""
        return "\n".join(self.lines)


_SEPARATOR = MenuItem()

PRODUCT = "vitoclient-Services"


def tray_state(facts: AgentFacts) -> TrayState:
    """Returns what the tray shows for these facts."""
    look = look_of(facts)
    action = default_action(facts)
    return TrayState(
        look=look,
        number=facts.new_downloads if look is Look.NEW_DOWNLOADS else 0,
        word=state_word(facts),
        lines=state_lines(facts),
        details=state_details(facts),
        menu=menu(facts, action),
        default_action=action,
        running=facts.running,
        facts=facts,
    )


def look_of(facts: AgentFacts) -> Look:
    """Returns the icon: what keeps the agent from working comes before what it found."""
    if facts.database_away:
        return Look.DATABASE_AWAY
    if facts.concerns:
        return Look.ATTENTION
    if facts.pause:
        return Look.PAUSED
    return Look.NEW_DOWNLOADS if facts.new_downloads else Look.OK


_WORDS = {
    Look.NEW_DOWNLOADS: N_("Neue Downloads vorhanden"),
    Look.ATTENTION: N_("Braucht Ihre Aufmerksamkeit"),
    Look.PAUSED: N_("Pausiert"),
    Look.DATABASE_AWAY: N_("Datenbank nicht erreichbar"),
}


def state_word(facts: AgentFacts) -> str:
    """Returns the state in a few words; nothing is called in order while nothing is known, or nothing would be done."""
    look = look_of(facts)
    if look is Look.DATABASE_AWAY and facts.database_fault:
        return facts.database_fault.title
    if look is not Look.OK:
        return _(_WORDS[look])
    if facts.starting:
        return _("Wird gestartet …")
    return _("Alles in Ordnung") if facts.running or facts.waiting or facts.next_run else _("Nichts geplant")


def default_action(facts: AgentFacts) -> Action:
    """Returns what a double click opens: the download list while downloads are new, else the start page (domain, section 6)."""
    return OpenDialog(DialogName.DOWNLOADS if facts.new_downloads and not facts.database_away else DialogName.START)


def state_lines(facts: AgentFacts) -> tuple[str, ...]:
    """Returns the state in short lines: a pause, what needs attention, then what comes next."""
    if facts.starting:
        return (PRODUCT, _("Wird gestartet …"))
    if facts.database_away:
        return (PRODUCT, _("{fault}: nichts wird gesendet.").format(fault=state_word(facts)))
    lines = [PRODUCT, pause_line(facts.pause, facts.now)] if facts.pause else [PRODUCT]
    if facts.new_downloads:
        lines.append(_new_downloads_line(facts.new_downloads))
    elif look_of(facts) is Look.OK and (facts.running or facts.waiting or facts.next_run):
        lines.append(_("Alles läuft. Doppelklick: Start."))
    lines += [concern.sentence for concern in facts.concerns]
    if not facts.pause or facts.running or facts.waiting or facts.next_run:
        lines.append(_activity_line(facts))
    return tuple(lines)


def state_details(facts: AgentFacts) -> tuple[str, ...]:
    """Returns the state in whole sentences, for the window that shows it below the state's word."""
    if facts.starting:
        return (_("Die Verbindung zur Datenbank wird aufgebaut."),)
    if facts.database_fault:
        return tuple(filter(None, (facts.database_fault.message, facts.database_fault.advice)))
    if facts.database_away:
        return (
            _("Bis sie wieder antwortet, wird nichts gesendet und nichts heruntergeladen; danach geht es von selbst weiter."),
            _("Prüfen, ob der Server läuft und das Netzwerk verbunden ist."),
        )
    by_sentence = {concern.sentence: concern for concern in facts.concerns}
    lines = state_lines(facts)[1:]
    return tuple(f"{line} {by_sentence[line].detail}".strip() if line in by_sentence else line for line in lines)


def concern_of(error: KnownError, opens: DialogName) -> Concern:
    """Returns an error of the engine as something that needs a person."""
    return Concern(f"{error.title}.", opens, in_windows(" ".join(part for part in (error.message, error.advice) if part)))


def lasting_line(title: str, since: datetime, next_at: datetime | None, now: datetime) -> str:
    """Returns that something has been in a job's way for long, and when it is tried again; all in the practice's time zone.

    Args:
        title: the job's name.
        since: since when.
        next_at: the next attempt; None: after something changed.
        now: the present time.
    """
    job, begun = title, short_time(since, now)
    if next_at is None:
        return _("{job}: seit {since} nicht möglich, wartet, bis der Grund behoben ist.").format(job=job, since=begun)
    if next_at <= now:
        return _("{job}: seit {since} nicht möglich.").format(job=job, since=begun)
    return _("{job}: seit {since} nicht möglich, nächster Versuch {when}.").format(job=job, since=begun, when=short_time(next_at, now))


def downloads_line(number: int) -> str:
    """Returns the number of new downloads as a short sentence."""
    return ngettext("{number} neuer Download vorhanden.", "{number} neue Downloads vorhanden.", number).format(number=number)


def _new_downloads_line(number: int) -> str:
    text = ngettext(
        "{number} heruntergeladen und geprüft. Doppelklick: Download-Liste.",
        "{number} heruntergeladen und geprüft. Doppelklick: Download-Liste.",
        number,
    )
    return text.format(number=number)


def questions_line(number: int) -> str:
    """Returns the number of questions as a short sentence."""
    return ngettext("{number} Frage wartet auf eine Antwort.", "{number} Fragen warten auf eine Antwort.", number).format(number=number)


def _activity_line(facts: AgentFacts) -> str:
    if facts.running:
        return _("Läuft: {job}").format(job=facts.running)
    if facts.waiting:
        return facts.waiting
    if facts.next_run is None:
        return _(_IDLE[facts.idle])
    return _("Nächster Lauf: {when}, {job}").format(when=short_time(facts.next_run.at, facts.now), job=facts.next_run.title)


_IDLE = {
    Idle.NONE_ENABLED: N_("Kein Auftrag ist aktiviert."),
    Idle.SWITCHED_OFF: N_("Kein Lauf geplant: Die Schalter der aktivierten Aufträge stehen auf Nein."),
    Idle.NOTHING_LEFT: N_("Kein Lauf ist geplant."),
}


def pause_line(pause: Pause, now: datetime) -> str:
    """Returns a pause as a short sentence."""
    what = _("Senden pausiert") if pause.scope is PauseScope.SENDING else _("Alles pausiert")
    if pause.until is None:
        return _("{what}, bis Sie fortsetzen.").format(what=what)
    return _("{what} bis {when}.").format(what=what, when=short_time(pause.until.astimezone(now.tzinfo), now))


def short_time(moment: datetime, now: datetime) -> str:
    """Returns a time as one says it: 10:10; morgen 10:10; gestern 10:10; 24.11.2026 10:10. Both in the practice's time zone."""
    if moment.date() == now.date():
        return format_time(moment)
    if moment.date() == now.date() - timedelta(days=1):
        return _("gestern {time}").format(time=format_time(moment))
    if moment.date() == now.date() + timedelta(days=1):
        return _("morgen {time}").format(time=format_time(moment))
    return f"{format_date(moment)} {format_time(moment)}"


def pause_end(length: PauseLength, now: datetime) -> datetime | None:
    """Returns when a pause ends that begins now, or None.

    Args:
        length: how long the person wants it.
        now: the present time in the practice's time zone; *heute* ends at the next midnight there.
    """
    match length:
        case PauseLength.HOUR:
            return (now.astimezone(UTC) + timedelta(hours=1)).astimezone(now.tzinfo)
        case PauseLength.TODAY:
            return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        case PauseLength.UNTIL_RESUMED:
            return None


_MORE = (
    (N_("Vorschau…"), DialogName.PREVIEW),
    (N_("Versand-Queue…"), DialogName.OUTBOX),
    (N_("Online-Portal…"), DialogName.PORTAL),
    (N_("Credits…"), DialogName.CREDITS),
    (N_("Schalter…"), DialogName.SETTINGS),
    (N_("Textvorlagen…"), DialogName.TEMPLATES),
    (N_("Einrichten…"), DialogName.SETUP),
    (N_("Info…"), DialogName.INFO),
)
"""The windows that the start page leads to as well."""

_LENGTHS = (
    (PauseLength.HOUR, N_("1 Stunde")),
    (PauseLength.TODAY, N_("Heute")),
    (PauseLength.UNTIL_RESUMED, N_("Bis auf weiteres")),
)


def menu(facts: AgentFacts, default: Action) -> tuple[MenuItem, ...]:
    """Returns the menu (domain, section 6.1), the entry of the default action marked. Rows of the activity log name *Fragen…*."""
    main = (
        (_("Start"), DialogName.START),
        (_with_number(_("Anrufliste"), facts.number_of(ConcernKind.CALLS)), DialogName.CALLS),
        *(((_("Fragen…"), DialogName.QUESTIONS),) if facts.questions else ()),
        (_with_number(_("Download-Liste…"), facts.new_downloads), DialogName.DOWNLOADS),
        (_("Aufträge verwalten…"), DialogName.JOBS),
        (_("Aktivitäten/Fehler…"), DialogName.ACTIVITY),
    )
    return (
        *(MenuItem(label, OpenDialog(name), default=OpenDialog(name) == default) for label, name in main),
        MenuItem(_("Weitere Fenster"), children=tuple(MenuItem(_(label), OpenDialog(name)) for label, name in _MORE)),
        _SEPARATOR,
        MenuItem(_("Jetzt prüfen"), CheckNow()),
        *pausing(facts.pause),
        _SEPARATOR,
        MenuItem(_("Beenden"), Quit()),
    )


def _with_number(label: str, number: int) -> str:
    return _("{entry} ({number})").format(entry=label, number=number) if number else label


def pausing(pause: Pause | None) -> tuple[MenuItem, ...]:
    """Returns what one can do about pausing: a pause is also made longer without ending it, or what waits would go out."""
    if pause is None:
        return (pause_menu(_("Pausieren")),)
    return (MenuItem(_("Fortsetzen"), Resume()), pause_menu(_("Pause ändern")))


def pause_menu(label: str) -> MenuItem:
    """Returns the submenu of pauses."""
    scopes = ((_("Nur Senden"), PauseScope.SENDING), (_("Alles"), PauseScope.EVERYTHING))
    return MenuItem(label, children=tuple(MenuItem(name, children=_lengths(scope)) for name, scope in scopes))


def _lengths(scope: PauseScope) -> tuple[MenuItem, ...]:
    return tuple(MenuItem(_(label), PauseJobs(scope, length)) for length, label in _LENGTHS)
