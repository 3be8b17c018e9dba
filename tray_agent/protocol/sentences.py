"""What the history and the activity log say of runs, in sentences that a practice understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from tray_agent.i18n import _, format_datetime, format_time, join_texts, ngettext
from tray_agent.protocol.model import RunReason


def skipped_sentence(reason: RunReason, due_at: datetime, zone: tzinfo, switch: str = "") -> str:
    """Returns why nothing ran at a planned time.

    Args:
        reason: why.
        due_at: the planned time (aware).
        zone: the practice's time zone.
        switch: the job's switch in the users' words.
    """
    text = {
        RunReason.SWITCH_OFF: _("Nicht ausgeführt: Am {time} stand der Schalter {switch} auf Nein."),
        RunReason.MISSED: _("Nicht ausgeführt: Am {time} war kein Arbeitsplatz bereit; nur die letzte verpasste Zeit wird nachgeholt."),
        RunReason.DATABASE_AWAY: _(
            "Nicht ausgeführt: Am {time} war die Datenbank nicht erreichbar; nur die letzte verpasste Zeit wird nachgeholt."
        ),
        RunReason.PAUSED: _("Nicht ausgeführt: Am {time} waren die Aufträge angehalten."),
        RunReason.STILL_RUNNING: _("Nicht ausgeführt: Am {time} lief der Auftrag noch vom letzten Mal."),
        RunReason.OTHER_FIRST: _("Nicht ausgeführt: Am {time} lief noch ein Auftrag, der vorher an der Reihe ist."),
        RunReason.SCHEDULE_CHANGED: _("Nicht ausgeführt: Der Zeitplan wurde vorher geändert."),
    }[reason]
    return text.format(time=format_datetime(due_at.astimezone(zone)), switch=switch)


def folded_sentence(count: int, first: datetime, last: datetime, zone: tzinfo) -> str:
    """Returns what stands for very many missed times in one row: how many, from when until when (aware)."""
    text = ngettext(
        "{count} geplante Zeit am {first} nicht ausgeführt: Kein Arbeitsplatz war bereit.",
        "{count} geplante Zeiten vom {first} bis {last} nicht ausgeführt: Kein Arbeitsplatz war bereit.",
        count,
    )
    return text.format(count=count, first=format_datetime(first.astimezone(zone)), last=format_datetime(last.astimezone(zone)))


def unattended_sentence(
    title: str, number: int, first: datetime, last: datetime, now: datetime, zone: tzinfo, *, caught_up: bool | None
) -> str:  # fmt: skip
    """Returns that no workstation was on at planned times of a job, and what becomes of the last one.

    Args:
        title: the job's.
        number: how many times.
        first: the earliest of them (aware).
        last: the latest of them (aware).
        now: the present instant (aware).
        zone: the practice's time zone.
        caught_up: whether the last one is made up for now; else it waits. None: a later planned time stands for it.
    """
    text = ngettext(
        "{job}: {first} war kein Arbeitsplatz eingeschaltet",
        "{job}: Zu {number} geplanten Zeiten, die erste {first}, die letzte {last}, war kein Arbeitsplatz eingeschaltet",
        number,
    ).format(job=title, number=number, first=time_text(first, zone, now), last=time_text(last, zone, now))
    if caught_up is None:
        return join_texts(text, _("der nächste geplante Lauf steht dafür."), separator="; ")
    if not caught_up:
        return join_texts(text, _("es wird nachgeholt, sobald es möglich ist."), separator="; ")
    return join_texts(text, _("{when} nachgeholt.").format(when=time_text(now, zone, now)), separator="; ")


def time_text(at: datetime, zone: tzinfo, now: datetime) -> str:
    """Returns an instant within a sentence: "um 11:02"; on another day than ``now`` (both aware) "am 24.11.2026 08:00"."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return _("um {time}").format(time=format_time(local))
    return _("am {time}").format(time=format_datetime(local))


def rest_sentence(*, owed: bool) -> str:
    """Returns what becomes of what a run left undone.

    Args:
        owed: whether it is tried again by itself; else the next planned time stands for it.
    """
    return _("Der Rest wird von selbst nachgeholt.") if owed else _("Der Rest kommt beim nächsten geplanten Lauf an die Reihe.")


def not_able_sentence(title: str, lacks: Mapping[str, Sequence[str]]) -> str:
    """Returns why nobody does what is due.

    Args:
        title: the job's.
        lacks: by workstation, what it lacks, in words.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, what in lacks.items():  # eight workstations that lack the same three things are no sentence of twenty-four
        alike.setdefault(tuple(what), []).append(name)
    each = [
        _("{workstation}: {lacks}").format(workstation=", ".join(names), lacks=join_texts(*what, separator=", "))
        for what, names in alike.items()
    ]
    text = _("«{job}» ist noch nicht ausgeführt, weil kein Arbeitsplatz es kann. {lacks}.")
    return text.format(job=title, lacks=join_texts(*each, separator="; "))


def left_to_others_sentence(*, owed: bool = True) -> str:
    """Returns what a run says that its workstation gave back, because it lacks something that another has."""
    return join_texts(_("Von diesem Arbeitsplatz abgegeben, weil ihm etwas fehlt, das ein anderer hat."), rest_sentence(owed=owed))


def died_sentence(workstation: str, *, owed: bool = True) -> str:
    """Returns what a run says whose computer vanished in the middle; ``owed`` as for ``rest_sentence``."""
    died = _("Abgebrochen, weil der Arbeitsplatz {workstation} mittendrin ausfiel.").format(workstation=workstation)
    return join_texts(died, rest_sentence(owed=owed))


def taken_over_sentence(title: str, workstation: str) -> str:
    """Returns what the activity log says when this computer goes on with another's run."""
    return _("{title}: Der Arbeitsplatz {workstation} fiel mittendrin aus; dieser Arbeitsplatz macht weiter.").format(
        title=title, workstation=workstation
    )


def unusable_schedule_sentence(title: str, mistake: str) -> str:
    """Returns what is said of a job whose schedule somebody wrote into the database past this program.

    Args:
        title: the job's name.
        mistake: what is wrong, a whole sentence.
    """
    text = _("{title}: Der Zeitplan in der Datenbank kann nicht verwendet werden; so läuft der Auftrag nie. {mistake} Ihn neu speichern.")
    return text.format(title=title, mistake=mistake)


def resumed_sentence(title: str) -> str:
    """Returns what the activity log says when this computer goes on with a run that was given back."""
    return _("{title}: Der unterbrochene Lauf geht auf diesem Arbeitsplatz weiter.").format(title=title)


def held_sentence() -> str:
    """Returns what a run says that a pause interrupted, as long as the pause lasts."""
    return _("Unterbrochen, weil die Aufträge angehalten wurden. Nach dem Fortsetzen geht der Lauf weiter.")


def paused_sentence(*, owed: bool = True) -> str:
    """Returns what a run says that a pause interrupted and that ended; ``owed`` as for ``rest_sentence``."""
    return join_texts(_("Abgebrochen, weil die Aufträge angehalten wurden."), rest_sentence(owed=owed))


def cancelled_sentence() -> str:
    """Returns what a run says that a person stopped."""
    return _("Abgebrochen, bevor alles erledigt war. Was übrig ist, wird vor dem nächsten geplanten Lauf nicht von selbst nachgeholt.")


def quit_sentence(*, owed: bool = True) -> str:
    """Returns what a run says whose program was ended in the middle; ``owed`` as for ``rest_sentence``."""
    return join_texts(_("Abgebrochen, weil das Programm beendet wurde."), rest_sentence(owed=owed))


def abandoned_sentence(title: str, who: str) -> str:
    """Returns what the activity log says when a person ended what was to be tried again."""
    return _("{title}: {who} hat entschieden, dass nicht weiter versucht wird.").format(title=title, who=who)


def lasting_sentence(title: str, since: datetime, zone: tzinfo, why: str) -> str:
    """Returns what is told when a job has been owed for long: since when (aware), and why, the last attempt's sentence."""
    text = _("{title}: seit {since} nicht fertig geworden. {why}")
    return text.format(title=title, since=format_datetime(since.astimezone(zone)), why=why)


def good_again_sentence(title: str, since: datetime, zone: tzinfo) -> str:
    """Returns what is told when what was in a job's way since then (aware) is out of it."""
    return _("{title}: geht wieder. Seit {since} war es nicht möglich gewesen.").format(
        title=title, since=format_datetime(since.astimezone(zone))
    )


def clock_sentence(ahead: timedelta) -> str:
    """Returns what is told when a clock that was ahead is right again, and what it left is put right."""
    minutes = ahead / timedelta(minutes=1)
    if minutes >= 20 * 60:
        days = round(minutes / (24 * 60)) or 1
        span = ngettext("{number} Tag", "{number} Tage", days).format(number=days)
    elif minutes >= 90:
        hours = round(minutes / 60)
        span = ngettext("{number} Stunde", "{number} Stunden", hours).format(number=hours)
    else:
        span = ngettext("{number} Minute", "{number} Minuten", round(minutes)).format(number=round(minutes))
    return _(
        "Die Uhr ging um {span} vor und geht wieder richtig. Was deshalb in der Zukunft lag, ist berichtigt: Die Aufträge laufen wieder "
        "nach Zeitplan, und nichts wird ein zweites Mal gesendet."
    ).format(span=span)


def fault_sentence(title: str) -> str:
    """Returns what is said of a fault of the program; the traceback stands in the log file only."""
    return _("{title}: Ein Fehler des Programms hat den Lauf beendet. Einzelheiten für den Support stehen in der Logdatei.").format(
        title=title
    )
