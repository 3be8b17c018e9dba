"""The start page: what it says and where every number of it leads, as values; made of the tray's state and what the store tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _, format_long_date, format_number, format_time, ngettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.jobs.model import Pause, PauseScope, Presence
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import AccountCredits, Fate, OutboxFilter, Span
from tray_agent.messages.rules.reasons import Reason
from tray_agent.protocol.model import Run, RunState
from tray_agent.protocol.titles import state_title
from tray_agent.tray.in_windows import in_windows
from tray_agent.tray.model import (
    Action,
    AgentFacts,
    CheckNow,
    Concern,
    ConcernKind,
    DialogName,
    OpenDialog,
    Resume,
    TrayState,
    short_time,
)
from ui.models.credits import CreditState, credits_text, state_of
from ui.models.preview import PreviewShows
from ui.models.schedule import weekday_short

if TYPE_CHECKING:
    from tray_agent.messages.outbox.tally import HandedOver
    from tray_agent.start_page import PlannedTime, Previewed, StartFacts

MOST_BANNERS = 3
"""So many things to do are told at once, the gravest; the others are a number."""

MOST_DONE, MOST_TO_COME = 2, 4
"""So many runs of today are told that have ended, and so many that are to come."""

MOST_REASONS = 4
"""So many reasons stand one by one; the others are one number."""


class Mood(Enum):
    """How something stands; told by picture and word, never by colour alone."""

    GOOD = "good"
    NEWS = "news"
    WARNING = "warning"
    DOUBT = "doubt"
    TROUBLE = "trouble"
    PAUSED = "paused"
    EMPTY = "empty"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Head:
    """The state in words, and whose and when."""

    mood: Mood
    title: str
    line: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing to do: what, why and what happens by itself, and the button that cures it."""

    mood: Mood
    title: str
    text: str
    label: str
    action: Action


@dataclass(frozen=True, slots=True)
class Number:
    """A number that opens exactly its rows.

    Attributes:
        value: as it is read.
        word: what is counted.
        action: what opens its rows; None: there are none to open.
        mood: TROUBLE is red, GOOD has a tick.
        leads_to: where its word leads to besides, or None.
    """

    value: str
    word: str
    action: Action | None
    mood: Mood | None = None
    leads_to: Action | None = None

    @property
    def name(self) -> str:
        """Returns it for those who hear it."""
        return f"{self.value} {self.word}"


@dataclass(frozen=True, slots=True)
class Way:
    """Words that open something."""

    text: str
    action: Action


@dataclass(frozen=True, slots=True)
class Tomorrow:
    """The card *Morgen*.

    Attributes:
        hint: of which day.
        number: who is reminded; None: not known yet, or nobody.
        sentence: what becomes of them; without a number what is to be said instead.
        others: "4 nicht:", or "".
        reasons: why not, each with its rows.
    """

    hint: str
    number: Number | None
    sentence: str
    others: str = ""
    reasons: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart: what arrived, whom somebody called, what is still open; and what opens its rows."""

    day: date
    label: str
    arrived: int
    called: int
    open: int
    sentence: str
    action: OpenDialog
    is_today: bool = False

    @property
    def height(self) -> int:
        """Returns how many there are in all."""
        return self.arrived + self.called + self.open


@dataclass(frozen=True, slots=True)
class Month:
    """The last thirty days: their sums, and a bar for each; ``top`` is the upper end of the scale."""

    sums: tuple[Way, ...]
    bars: tuple[Bar, ...]
    top: int
    description: str


@dataclass(frozen=True, slots=True)
class Side:
    """A row of the right column: picture, word, number as a link, half a sentence."""

    icon: str
    word: str
    number: Way
    text: str
    mood: Mood | None = None


@dataclass(frozen=True, slots=True)
class DayRun:
    """A line of *Tagesablauf*: ``done`` is over, the others are to come; ``failed``: it ended otherwise than well."""

    time: str
    text: str
    done: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What is told where the store could be read."""

    today_hint: str
    today: tuple[Number, ...]
    tomorrow: Tomorrow
    month: Month
    side: tuple[Side, ...]
    runs: tuple[DayRun, ...]


@dataclass(frozen=True, slots=True)
class StartView:
    """The whole page; without ``content`` nothing is known yet, or the database is away."""

    head: Head
    banners: tuple[ToDo, ...]
    content: Content | None
    is_empty: bool = False


def start_view(
    state: TrayState, facts: StartFacts | None, tomorrow: Previewed | KnownError | None, practice: str, zone: ZoneInfo
) -> StartView:
    """Returns the page.

    Args:
        state: of the tray.
        facts: what the store tells; None: nothing yet.
        tomorrow: what the preview found, or why it could not; None: it is still looking.
        practice: its name.
        zone: the practice's.
    """
    agent = state.facts
    head = _head(agent, practice)
    is_empty = not agent.is_set_up and not agent.database_away and not agent.starting
    if facts is None or agent.database_away:
        return StartView(head, tuple(_banners(agent, 0, zone)), None, is_empty)
    content = Content(
        today_hint=_("Erinnerungen und Glückwünsche, {day}").format(day=_day(facts.now.date())),
        today=_today(facts.today),
        tomorrow=_tomorrow(facts, tomorrow, agent, zone),
        month=_month(facts),
        side=(_credits_row(facts, zone), _downloads_row(agent), _workstations_row(facts)),
        runs=tuple(_runs(facts, agent, zone)),
    )
    waiting = _to_send(facts) if facts.is_prepared or tomorrow is None or isinstance(tomorrow, KnownError) else tomorrow.number
    return StartView(head, tuple(_banners(agent, waiting, zone)), content, is_empty)


# The head


def _head(agent: AgentFacts, practice: str) -> Head:
    line = "  ·  ".join(filter(None, (practice, format_long_date(agent.now.date()))))
    if agent.starting:
        return Head(Mood.WAITING, _("Wird gestartet …"), line)
    if agent.database_away:
        return Head(Mood.TROUBLE, agent.database_fault.title if agent.database_fault else _("Datenbank nicht erreichbar"), line)
    if not agent.is_set_up:
        return Head(Mood.EMPTY, _("Noch nichts eingerichtet"), _("vitoclient-Services kennt Ihre Praxis noch nicht."))
    if agent.pause is not None:
        everything = agent.pause.scope is PauseScope.EVERYTHING
        return Head(Mood.PAUSED, _("Pausiert für die ganze Praxis") if everything else _("Senden pausiert für die ganze Praxis"), line)
    if number := len(agent.concerns):
        title = ngettext("{number} Ding ist zu erledigen", "{number} Dinge sind zu erledigen", number).format(number=number)
        return Head(Mood.WARNING, title, line)
    works = agent.running or agent.waiting or agent.next_run
    return Head(Mood.GOOD, _("Alles in Ordnung"), line) if works else Head(Mood.WAITING, _("Nichts geplant"), line)


# What is to be done


_REMEDIES: Mapping[ConcernKind, tuple[Mood, str]] = {
    ConcernKind.COPIED: (Mood.TROUBLE, N_("Info öffnen")),
    ConcernKind.FAULT: (Mood.TROUBLE, N_("Einrichten öffnen")),
    ConcernKind.QUESTION: (Mood.DOUBT, N_("Jetzt entscheiden")),
    ConcernKind.CALLS: (Mood.TROUBLE, N_("Anrufliste öffnen")),
    ConcernKind.TROUBLE: (Mood.TROUBLE, N_("Jetzt versuchen")),
    ConcernKind.DOUBT: (Mood.DOUBT, N_("Jetzt entscheiden")),
    ConcernKind.CREDITS: (Mood.WARNING, N_("Guthaben ansehen")),
    ConcernKind.ERRORS: (Mood.WARNING, N_("Fehler ansehen")),
}


def _banners(agent: AgentFacts, waiting: int, zone: ZoneInfo) -> Iterator[ToDo]:
    """Gives all that is to be done, the gravest first; the page shows ``MOST_BANNERS`` of them."""
    if agent.database_away:
        fault = agent.database_fault
        said = " ".join(filter(None, (fault.message, fault.advice))) if fault else _("Danach geht es von selbst weiter.")
        yield ToDo(
            Mood.TROUBLE, _("Es wird nichts gesendet und nichts heruntergeladen"), without_addresses(in_windows(said)),
            _("Info öffnen"), OpenDialog(DialogName.INFO),
        )  # fmt: skip
        return
    if agent.pause is not None:
        yield _pause_row(agent.pause, waiting, agent.now, zone)
    yield from map(_concern_row, agent.concerns)


def _concern_row(concern: Concern) -> ToDo:
    mood, label = _REMEDIES[concern.kind]
    action: Action = CheckNow() if concern.kind is ConcernKind.TROUBLE else OpenDialog(concern.opens)
    title = concern.title or concern.sentence.removesuffix(".")
    text = without_addresses(concern.detail)
    if concern.kind is ConcernKind.TROUBLE:
        text = " ".join(filter(None, (text, _("Es geht nichts verloren."))))
    return ToDo(mood, title, text, _(label), action)


def _pause_row(pause: Pause, waiting: int, now: datetime, zone: ZoneInfo) -> ToDo:
    everything = pause.scope is PauseScope.EVERYTHING
    if pause.until is None:
        title = _("Es läuft nichts, bis jemand fortsetzt") if everything else _("Es wird nichts gesendet, bis jemand fortsetzt")
    else:
        until = short_time(pause.until.astimezone(zone), now)
        text = _("Bis {when} läuft nichts") if everything else _("Bis {when} wird nichts gesendet")
        title = text.format(when=until)
    who, _at, where = pause.paused_by.partition("@")
    begun = _begun(pause.since.astimezone(zone), now)
    by = _("Pausiert von {who} auf {where}, {when}.") if where else _("Pausiert von {who}, {when}.")
    said = by.format(who=who, where=where, when=begun)
    if waiting:
        waits = ngettext("{number} Erinnerung für morgen wartet.", "{number} Erinnerungen für morgen warten.", waiting)
        said = f"{said}\n{waits.format(number=format_number(waiting))}"
    return ToDo(Mood.PAUSED, title, said, _("Fortsetzen"), Resume())


def _begun(at: datetime, now: datetime) -> str:
    return (
        _("heute um {time}").format(time=format_time(at)) if at.date() == now.date() else _("seit {when}").format(when=short_time(at, now))
    )


_ADDRESS = re.compile(
    r"\w+://|\b\d{1,3}(\.\d{1,3}){3}\b|\b[\w-]+(\.[\w-]+)*\.\w{2,}:\d+|\b[\w.-]+:\d{2,5}\b(?<!\d\d:\d\d)|0x[0-9a-fA-F]+|[\\/]\w+[\\/]"
)
"""What nobody in a practice reads: the address of a server, a path, a number for programmers."""


def without_addresses(text: str) -> str:
    """Returns the sentences of a text that tell no address and no code."""
    sentences = re.split(r"(?<=[.!?…])\s+", text.replace("\n", " ").strip())
    return " ".join(sentence for sentence in sentences if sentence and not _ADDRESS.search(sentence))


# Today and the last days


def _today(day: HandedOver) -> tuple[Number, ...]:
    missed = day.of(Fate.MISSED)
    return (
        _fate(day, None, day.number, _("gesendet")),
        _fate(day, Fate.ARRIVED, day.of(Fate.ARRIVED), _("zugestellt"), Mood.GOOD if day.of(Fate.ARRIVED) else None),
        _fate(day, Fate.ON_THE_WAY, day.of(Fate.ON_THE_WAY), _("unterwegs")),
        _fate(
            day, Fate.MISSED, missed, _("nicht angekommen"), Mood.TROUBLE if missed else None,
            OpenDialog(DialogName.CALLS) if missed else None,
        ),
    )  # fmt: skip


def _fate(day: HandedOver, fate: Fate | None, number: int, word: str, mood: Mood | None = None, leads_to: Action | None = None) -> Number:
    return Number(format_number(number), word, _rows(day.when, fate), mood, leads_to)


def _rows(when: Span, fate: Fate | None = None) -> OpenDialog:
    return OpenDialog(DialogName.OUTBOX, OutboxFilter(handed_over=when, fate=fate))


_SUMS = (
    (None, N_("{number} gesendet")),
    (Fate.ARRIVED, N_("{number} zugestellt")),
    (Fate.CALLED, N_("{number} angerufen")),
    (Fate.OPEN, N_("{number} noch offen")),
)


def _month(facts: StartFacts) -> Month:
    whole = Span(facts.days[0].when.since, facts.days[-1].when.until)
    sums = []
    for fate, text in _SUMS:
        number = sum(day.number for day in facts.days) if fate is None else facts.sum_of(fate)
        if number or fate is not Fate.OPEN:
            sums.append(Way(_(text).format(number=format_number(number)), _rows(whole, fate)))
    bars = tuple(_bar(day, facts.now.date()) for day in facts.days)
    return Month(tuple(sums), bars, scale_top(max(bar.height for bar in bars)), ", ".join(way.text for way in sums))


def _bar(day: HandedOver, today: date) -> Bar:
    on, arrived, called, still = day.when.since.date(), day.of(Fate.ARRIVED), day.of(Fate.CALLED), day.of(Fate.OPEN)
    words = [_("{number} zugestellt").format(number=arrived)]
    words += [_("{number} angerufen").format(number=called)] if called else []
    words += [_("{number} noch offen").format(number=still)] if still else []
    said = _("{day}: {what}").format(day=_day(on), what=", ".join(words) if day.number else _("nichts gesendet"))
    label = _("heute") if on == today else f"{on.day}.{on.month}."
    return Bar(on, label, arrived, called, still, said, _rows(day.when), on == today)


def scale_top(highest: int) -> int:
    """Returns the upper end of a scale with two equal parts: 2, 4, 6, 20, 40 and so on."""
    top = 2
    for power in (1, 10, 100, 1000, 10_000):
        for step in (2, 4, 6):
            top = step * power
            if highest <= top:
                return top
    return top


# Tomorrow


def _tomorrow(facts: StartFacts, found: Previewed | KnownError | None, agent: AgentFacts, zone: ZoneInfo) -> Tomorrow:
    day = facts.tomorrow.when.since.date()
    hint = _("Termine am {day}").format(day=_day(day))
    if facts.is_prepared:
        return _from_outbox(facts, agent, hint, zone)
    if found is None:
        return Tomorrow(hint, None, _("wird berechnet …"))
    if isinstance(found, KnownError):
        return Tomorrow(hint, None, _("Nicht berechnet: {why}.").format(why=found.title))
    others = sum(found.reasons.values())
    if not found.number and not others:
        return Tomorrow(hint, None, _("Keine Termine."))
    number = Number(format_number(found.number), _when(found.number, found.sent_at, agent, zone), _preview(found, None))
    reasons = _ways({code.value: number for code, number in found.reasons.items()}, lambda codes: _preview(found, codes))
    return Tomorrow(hint, number, number.word, _others(others), reasons)


def _preview(found: Previewed, reasons: frozenset[str] | None) -> OpenDialog:
    return OpenDialog(DialogName.PREVIEW, PreviewShows(MessageKind.REMINDER, found.run_on, found.day, reasons))


_OF_APPOINTMENTS = frozenset(kind for kind in MessageKind if kind.is_of_appointment)
_NOT_SENT = frozenset({MessageState.ERROR, MessageState.CANCELLED})
_TO_SEND = frozenset({MessageState.PREPARED, MessageState.SENDING})


def _from_outbox(facts: StartFacts, agent: AgentFacts, hint: str, zone: ZoneInfo) -> Tomorrow:
    found = facts.tomorrow
    to_send = _to_send(facts)
    going = sum(number for state, number in found.by_state.items() if state not in _NOT_SENT)
    others = sum(number for state, number in found.by_state.items() if state in _NOT_SENT)
    if not going and not others:
        return Tomorrow(hint, None, _("Niemand ist zu erinnern."))
    if not to_send:
        word = ngettext("Erinnerung ist gesendet", "Erinnerungen sind gesendet", going)
    else:
        word = _when(going, facts.sends_at, agent, zone)
        if to_send < going:
            said = (
                _("Erinnerungen: {sent} gesendet, {rest} warten") if agent.pause else _("Erinnerungen: {sent} gesendet, {rest} noch nicht")
            )
            word = said.format(sent=going - to_send, rest=to_send)
    states = frozenset(MessageState) - _NOT_SENT

    def rows(states: frozenset[MessageState], codes: frozenset[str] = frozenset()) -> OpenDialog:
        return OpenDialog(DialogName.OUTBOX, OutboxFilter(states, _OF_APPOINTMENTS, appointment=found.when, reasons=codes))

    number = Number(format_number(going), word, rows(states))
    return Tomorrow(hint, number, word, _others(others), _ways(found.reasons, lambda codes: rows(_NOT_SENT, codes)))


def _to_send(facts: StartFacts) -> int:
    return sum(number for state, number in facts.tomorrow.by_state.items() if state in _TO_SEND)


def _when(number: int, at: datetime | None, agent: AgentFacts, zone: ZoneInfo) -> str:
    if agent.pause is not None:
        return ngettext("Erinnerung wartet: der Versand ist pausiert", "Erinnerungen warten: der Versand ist pausiert", number)
    if at is None:
        return ngettext("Erinnerung; kein Versand geplant", "Erinnerungen; kein Versand geplant", number)
    local = at.astimezone(zone)
    if local.date() == agent.now.date():
        text = ngettext("Erinnerung geht heute um {time} hinaus", "Erinnerungen gehen heute um {time} hinaus", number)
        return text.format(time=format_time(local))
    text = ngettext("Erinnerung geht {when} hinaus", "Erinnerungen gehen {when} hinaus", number)
    return text.format(when=short_time(local, agent.now))


def _others(number: int) -> str:
    return _("{number} nicht:").format(number=format_number(number)) if number else ""


_SHORT: Mapping[str, str] = {
    Reason.NO_CONTACT: N_("{number} ohne Nummer"),
    Reason.LANDLINE_ONLY: N_("{number} nur Festnetz"),
    Reason.PROVISIONAL: N_("{number} provisorisch"),
    Reason.OPTED_OUT: "",  # of one and of several it reads otherwise
    Reason.APPOINTMENT_CANCELLED: N_("{number} abgesagt"),
    Reason.ALREADY_REMINDED: N_("{number} schon erinnert"),
    Reason.DECEASED: N_("{number} verstorben"),
    Reason.CONTACT_INVALID: N_("{number} falsche Nummer"),
    Reason.ANOTHER_THAT_DAY: N_("{number} zweiter Termin am Tag"),
    Reason.SAME_WORDS: N_("{number} gleicher Text"),
    Reason.VISIT_REASON: N_("{number} Besuchsgrund"),
    Reason.APPOINTMENT_BEGUN: N_("{number} hat begonnen"),
}
"""Reasons in a word or two; others are told together."""


def _short(code: str, number: int) -> str:
    return _(_SHORT[code]) if _SHORT[code] else ngettext("{number} will keine SMS", "{number} wollen keine SMS", number)


def _ways(reasons: Mapping[str, int], opens: Callable[[frozenset[str]], OpenDialog]) -> tuple[Way, ...]:
    """Returns why not, the most frequent first; a reason without short words, and what is too much, stand together."""
    known = [code for code in reasons if code in _SHORT][:MOST_REASONS]
    ways = [Way(_short(code, reasons[code]).format(number=format_number(reasons[code])), opens(frozenset({code}))) for code in known]
    rest = {code: number for code, number in reasons.items() if code not in known}
    if rest:
        number = sum(rest.values())
        text = _("{number} aus anderem Grund") if known else _("{number} ansehen")
        ways.append(Way(text.format(number=format_number(number)), opens(frozenset(rest))))
    return tuple(ways)


# The right column


def _credits_row(facts: StartFacts, zone: ZoneInfo) -> Side:
    opens, word = OpenDialog(DialogName.CREDITS), _("Guthaben")
    if not facts.accounts:
        return Side("coins", word, Way(_("kein SMS-Konto"), OpenDialog(DialogName.SETUP)), _("Einrichten | SMS"))
    account = min(facts.accounts, key=_scarcity)
    if account.balance is None:
        return Side("coins", word, Way(_("nie abgefragt"), opens), "")
    mood = None if state_of(account) in (CreditState.GOOD, CreditState.SOON) else Mood.WARNING
    parts = [account.name] if len(facts.accounts) > 1 else []
    parts += [_lasts(account)] if account.days_left is not None else []
    parts += [_("Stand {when}").format(when=short_time(account.measured_at.astimezone(zone), facts.now))] if account.measured_at else []
    return Side("coins", word, Way(credits_text(account.balance), opens), ", ".join(parts), mood)


def _scarcity(account: AccountCredits) -> tuple[bool, bool, int]:
    """Returns what is the smaller the sooner an account is used up; one that never told is last."""
    days = account.days_left if account.days_left is not None else 10_000
    return account.balance is None, not account.below_minimum, days


def _lasts(account: AccountCredits) -> str:
    if not account.days_left:
        return _("reicht nicht für einen Tag")
    return ngettext("reicht etwa {days} Tag", "reicht etwa {days} Tage", account.days_left).format(days=account.days_left)


def _downloads_row(agent: AgentFacts) -> Side:
    number = agent.new_downloads
    text = ngettext("{number} neu", "{number} neu", number).format(number=number) if number else _("keine neuen")
    said = ", ".join(agent.download_titles) if number else _("alles installiert oder zurückgestellt")
    return Side("download", _("Downloads"), Way(text, OpenDialog(DialogName.DOWNLOADS)), said)


def is_ready(one: Presence, used: frozenset[JobKey]) -> bool:
    """Returns whether a workstation is there and lacks nothing for what the practice uses."""
    return one.is_there and one.report is not None and not any(one.report.lacks.get(job) for job in used)


def _workstations_row(facts: StartFacts) -> Side:
    ready = [one for one in facts.presences if is_ready(one, facts.used)]
    number = _("{ready} von {all} bereit").format(ready=len(ready), all=len(facts.presences))
    last = facts.runs[0].workstation if facts.runs else ""
    silent = sorted({one.workstation for one in facts.presences} - {one.workstation for one in ready})
    said = _("{workstation} führt aus").format(workstation=last) if last else ""
    if silent:
        said = _("nicht bereit: {workstations}").format(workstations=", ".join(silent))
    return Side("device-desktop", _("Arbeitsplätze"), Way(number, OpenDialog(DialogName.INFO)), said)


# The day


_DONE: Mapping[JobKey, tuple[str, str]] = {
    JobKey.DOWNLOAD: ("downloaded", N_("{number} heruntergeladen")),
    JobKey.PREPARE_REMINDERS: ("prepared", N_("{number} aufbereitet")),
    JobKey.PREPARE_BIRTHDAYS: ("prepared", N_("{number} Glückwünsche aufbereitet")),
    JobKey.SEND_MESSAGES: ("sent", N_("{number} gesendet")),
    JobKey.UPDATE_STATUS: ("delivered", N_("{number} zugestellt")),
}
"""By what a run is told: its number, and the words for it."""

_NAMES: Mapping[JobKey, str] = {
    JobKey.PREPARE_REMINDERS: N_("Termine aufbereiten"),
    JobKey.PREPARE_BIRTHDAYS: N_("Glückwünsche aufbereiten"),
}
"""Jobs whose names are too long for a narrow column."""


def _runs(facts: StartFacts, agent: AgentFacts, zone: ZoneInfo) -> Iterator[DayRun]:
    calm = not agent.concerns
    newest = {run.job: run for run in reversed(facts.runs)}
    ended = sorted(newest.values(), key=lambda run: run.due_at)[-MOST_DONE:] if calm else []
    yield from (_done(run, zone) for run in ended)
    if agent.pause is not None:
        yield DayRun("–", _("Senden wartet"))
    first: dict[JobKey, PlannedTime] = {}
    for planned in facts.planned:
        first.setdefault(planned.job, planned)
    for planned in list(first.values())[: MOST_TO_COME if calm else MOST_BANNERS]:
        yield DayRun(format_time(planned.at), short_title(planned.job))


def short_title(job: JobKey) -> str:
    """Returns a job's name for a narrow column."""
    return _(_NAMES[job]) if job in _NAMES else job_title(job)


def _done(run: Run, zone: ZoneInfo) -> DayRun:
    at = format_time((run.started_at or run.due_at).astimezone(zone))
    if run.state is not RunState.SUCCEEDED:
        return DayRun(at, _("{job}: {state}").format(job=short_title(run.job), state=state_title(run.state)), done=True, failed=True)
    counted, words = _DONE[run.job]
    number = run.counts.get(counted, 0)
    return DayRun(at, _(words).format(number=format_number(number)) if number else short_title(run.job), done=True)


def _day(day: date) -> str:
    return f"{weekday_short(day)} {day.day}.{day.month}."
