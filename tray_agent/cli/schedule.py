"""``vitoclient schedule``: what a schedule means, without a database."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from tray_agent.cli.frame import AsJson, local_text, print_json, utc_text
from tray_agent.errors import InputError
from tray_agent.file_faults import why_of
from tray_agent.i18n import LANGUAGES, _, set_language
from tray_agent.schedules.mistakes import ScheduleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tray_agent.job_kinds import JobKey
    from tray_agent.schedules.order_check import OrderFinding
    from tray_agent.schedules.schedule import Schedule

MOST_TIMES = 1_000_000
"""So many planned times are shown at the most."""


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient schedule``."""
    app = typer.Typer(help=_("Zeitpläne: nächste Läufe und Reihenfolge prüfen, ohne Datenbank."), no_args_is_help=True)
    app.command("next", help=_("Die nächsten geplanten Läufe eines Zeitplans und was er sagt."))(_next)
    app.command("check", help=_("Reihenfolge, Abstände und Ruhezeit mehrerer Zeitpläne prüfen."))(_check)
    return app


_Spec = Annotated[str, typer.Option("--spec", help=_("Der Zeitplan als JSON mit den Spalten von sysschedules; @DATEI oder - (Eingabe)."))]
_SetSpec = Annotated[str, typer.Option("--spec", help=_("Die Zeitpläne als JSON: Auftrag → Zeitplan; @DATEI oder - (Eingabe)."))]
_Zone = Annotated[str, typer.Option("--tz", help=_("Die Zeitzone; sonst die der Konfiguration."))]
_After = Annotated[
    str,
    typer.Option(
        "--after",
        help=_("Nur Läufe nach diesem Zeitpunkt, nicht um diese Zeit selbst; ohne Zonenangabe Ortszeit von --tz. Sonst ab jetzt."),
    ),
]
_Language = Annotated[str, typer.Option("--language", help=_("Sprache der Sätze: de, en, fr, it."))]


def _next(
    spec: _Spec,
    tz: _Zone = "",
    after: _After = "",
    count: Annotated[int, typer.Option("--count", min=1, max=MOST_TIMES, help=_("So viele Läufe."))] = 5,
    language: _Language = "",
    as_json: AsJson = False,
) -> None:
    from tray_agent.schedules.planned_times import between
    from tray_agent.schedules.schedule import Schedule
    from tray_agent.schedules.summary import summarize

    _speak(language)
    zone = _zone(tz)
    begin, columns = read_instant(after, zone), read_spec(spec)
    schedule = Schedule.from_columns(columns, default_start=begin.astimezone(zone).date())
    tell_ignored(columns)
    times = list(islice(between(schedule, zone, begin, datetime.max.replace(tzinfo=UTC)), count))
    if as_json:
        shown = [{"local": at.astimezone(zone).isoformat(), "utc": utc_text(at)} for at in times]
        print_json({"times": shown, "summary": summarize(schedule)})
        return
    print(summarize(schedule))
    if not schedule.enabled:
        print(_("Der Zeitplan ist nicht aktiviert; so läuft der Auftrag nie."))
    elif not times:
        print(_("Danach ist kein Lauf mehr geplant."))
    for at in times:
        print(f"{local_text(at, zone)} ({at.astimezone(zone):%z})")


def _speak(language: str) -> None:
    """Sets the language of the sentences; "" leaves that of the configuration.

    Raises:
        InputError: there are no texts in this language.
    """
    if language and language.replace("-", "_").split("_")[0].lower() not in LANGUAGES:
        sentence = _("Die Sprache «{language}» gibt es nicht.").format(language=language)
        raise InputError(_("Sprache unbekannt"), sentence, _("Erlaubt sind: {names}.").format(names=", ".join(LANGUAGES)), item=language)
    if language:
        set_language(language)


def _check(
    spec: _SetSpec,
    tz: _Zone = "",
    after: Annotated[str, typer.Option("--after", help=_("Ab dem Tag dieses Zeitpunktes; sonst ab heute."))] = "",
    first: Annotated[int, typer.Option("--offset-start", min=0, max=365, help=_("Der Schalter OffsetStartTage."))] = 1,
    number: Annotated[int, typer.Option("--offset-search", min=1, max=365, help=_("Der Schalter OffsetSuchTage."))] = 1,
    language: _Language = "",
    as_json: AsJson = False,
) -> None:
    from tray_agent.schedules.order_check import check_order
    from tray_agent.schedules.quiet_hours import QuietHours

    _speak(language)
    zone = _zone(tz)
    at = read_instant(after, zone)
    day = at.astimezone(zone).date()
    schedules = _schedules(read_spec(spec), day)
    findings = (*check_order(schedules, zone, QuietHours(), day), *_gaps(schedules, zone, at, first, number))
    if as_json:
        print_json({"findings": [finding_as_json(finding) for finding in findings]})
    else:
        print("\n".join(finding.sentence for finding in findings) or _("Die Zeitpläne passen zueinander."))


def _gaps(schedules: Mapping[JobKey, Schedule], zone: ZoneInfo, now: datetime, first: int, number: int) -> Sequence[OrderFinding]:
    """Returns what is told of days on which nobody is greeted, or reminded from Monday to Friday: nothing is known of a practice here."""
    from tray_agent.job_kinds import JobKey
    from tray_agent.messages.rules.eligibility import RuleSettings
    from tray_agent.messages.rules.gaps import ReminderPlan, find_gaps, find_greeting_gaps

    reminders, greetings = schedules.get(JobKey.PREPARE_REMINDERS), schedules.get(JobKey.PREPARE_BIRTHDAYS)
    settings = RuleSettings(reminders_on=True, birthdays_on=True, offset_start_days=first, search_days=number)
    found = find_gaps(ReminderPlan(reminders, settings, zone, now), lambda _day: False) if reminders else ()
    return (*found, *(find_greeting_gaps(greetings, settings, zone, now) if greetings else ()))


def _schedules(given: Mapping[str, object], day: date) -> dict[JobKey, Schedule]:
    """Returns the schedules of a JSON object whose keys are jobs.

    Raises:
        InputError: a key is no job, or a schedule is wrong; the first mistake is told with its job.
    """
    from tray_agent.job_kinds import JobKey
    from tray_agent.schedules.schedule import Schedule

    schedules = {}
    for name, columns in given.items():
        if name not in set(JobKey) or not isinstance(columns, dict):
            raise _refused(_("«{name}» ist kein Auftrag mit einem Zeitplan; Aufträge: {jobs}.").format(name=name, jobs=", ".join(JobKey)))
        try:
            schedules[JobKey(name)] = Schedule.from_columns(columns, default_start=day)
        except ScheduleError as error:
            raise ScheduleError(error.title, f"{name}: {error.message}", error.advice, item=error.item) from error
    return schedules


def finding_as_json(finding: OrderFinding) -> dict[str, object]:
    """Returns a finding of the check for ``--json``; its times are local, with their offset."""
    return {
        "kind": finding.kind.value,
        "jobs": [job.value for job in finding.jobs],
        "times": [at.isoformat() for at in finding.times],
        "sentence": finding.sentence,
    }


def read_spec(spec: str) -> dict[str, object]:
    """Returns the JSON object of a specification: a text, ``@FILE``, or ``-`` for the standard input.

    Raises:
        InputError: the file can't be read, the text is no JSON object, or a name stands in it twice.
    """
    text = _text(spec)
    try:
        value = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        sentence = _("Der Zeitplan ist kein JSON (Zeile {line}, Zeichen {column}).")
        raise _refused(sentence.format(line=error.lineno, column=error.colno)) from error
    except (ValueError, RecursionError) as error:
        raise _refused(
            _("Der Zeitplan ist kein JSON, das gelesen werden kann: zu tief verschachtelt, oder eine Zahl ist zu lang.")
        ) from error
    if not isinstance(value, dict):
        raise _refused(_("Der Zeitplan ist kein JSON-Objekt."))
    return value


def tell_ignored(columns: Mapping[str, object]) -> None:
    """Says on the error stream what of a specification is not used: the further attempts that SQL Server Agent would make."""
    from tray_agent.jobs.owed import RetryPolicy
    from tray_agent.schedules.codes import RETRY_COLUMNS

    if ignored := sorted(RETRY_COLUMNS & columns.keys()):
        text = _("Nicht übernommen: {names}. {policy}")
        print(text.format(names=", ".join(ignored), policy=RetryPolicy().in_words()), file=sys.stderr)


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Returns the object of these pairs; two values for one name leave open which of them counts.

    Raises:
        InputError: a name stands in it twice.
    """
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _refused(_("«{name}» steht zweimal im Zeitplan.").format(name=name))
        found[name] = value
    return found


def _text(spec: str) -> str:
    if spec != "-" and not spec.startswith("@"):
        return spec
    try:
        return sys.stdin.read() if spec == "-" else Path(spec[1:]).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        why = why_of(error) if isinstance(error, OSError) else _("sie ist nicht in UTF-8 gespeichert")
        if spec == "-":
            raise _refused(_("Die Eingabe kann nicht gelesen werden: {why}.").format(why=why)) from error
        raise _refused(_("Die Datei {file} kann nicht gelesen werden: {why}.").format(file=spec[1:] or "«»", why=why)) from error


def _refused(why: str) -> InputError:
    return InputError(_("Zeitplan nicht lesbar"), why, _('Ein Beispiel: {"freq_type": 4, "freq_interval": 1, "active_start_time": 100000}'))


def _zone(name: str) -> ZoneInfo:
    """Returns a time zone by its name, by default that of the configuration.

    Raises:
        InputError: there is no such zone.
    """
    if not name:
        from tray_agent.config.machine import load_machine

        return load_machine().zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            _("Zeitzone unbekannt"),
            _("Die Zeitzone «{name}» gibt es nicht.").format(name=name),
            _("Ein Beispiel: Europe/Zurich"),
            item=name,
        ) from error


def read_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the instant that a person wrote; without an offset it is wall-clock time of ``zone``.

    Raises:
        InputError: it is no date and time.
    """
    from tray_agent.clock import SystemClock
    from tray_agent.schedules.wall_clock import first_instant

    if not text:
        return SystemClock().now()
    try:
        at = datetime.fromisoformat(text)
        return first_instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(
            _("Zeitpunkt nicht lesbar"),
            _("«{said}» ist kein Zeitpunkt.").format(said=text),
            _("Ein Beispiel: 2026-03-28T12:00"),
            item=text,
        ) from error
