"""What a workstation lacks to do a job, how it tells the others, and who may claim: pure rules (decision record 0020)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum, StrEnum, auto

from tray_agent.i18n import N_, _, shown_text, store_text
from tray_agent.job_kinds import JobKey, job_title


class LackKind(StrEnum):
    """What a workstation may lack."""

    PRACTICE = "practice"
    """The practice's data can't be read here: no driver, no password, no right, no network."""

    CONFIGURATION = "configuration"
    """What the practice has configured can't be used here: a row is damaged, or another version of the program wrote it."""

    CHANNEL = "channel"
    """Neither an SMS account nor a mail server is set up."""

    PASSWORD = "password"  # noqa: S105 - a word
    HOST = "host"
    """The server in the configuration is another than the one for which the password was entered here."""

    CLOCK = "clock"
    FOLDER = "folder"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a workstation lacks for a job.

    Attributes:
        kind: what.
        sentence: what is missing, for people, without the name of the workstation: "das SMS-Passwort von M1 fehlt".
        tried_anyway: whether the job is begun here all the same where no other workstation lacks less: only a part of it can't be done,
            or it may be the fault of what all ask for.
    """

    kind: LackKind
    sentence: str
    tried_anyway: bool = False


Lacks = Sequence[Lack]
"""What a workstation lacks for one job; empty: it can do it."""


class AgentKind(StrEnum):
    """In which form an agent runs."""

    TRAY = "tray"
    SERVICE = "service"
    HEADLESS = "headless"


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent tells the others of itself.

    Attributes:
        user: who is logged in there.
        kind: in which form it runs.
        lacks: what it lacks, of each job for which it lacks something.
        secrets: by the name of each password that the configuration asks for, whether it is there.
        software: the version of the practice software on that workstation, "": not known.
    """

    user: str = ""
    kind: AgentKind = AgentKind.TRAY
    lacks: Mapping[JobKey, Lacks] = field(default_factory=dict)
    secrets: Mapping[str, bool] = field(default_factory=dict)
    software: str = ""


class Turn(Enum):
    """Whose turn it is to claim a planned time."""

    OURS = auto()
    OTHERS = auto()
    NOBODYS = auto()


def whose_turn(own: Lacks, others: Iterable[Lacks]) -> Turn:
    """Returns whose turn it is: who lacks nothing; where there is none, who lacks only what does not keep it from trying.

    Args:
        own: what this workstation lacks for the job.
        others: what each other workstation that is there lacks for it.
    """
    if not own:
        return Turn.OURS
    theirs = [_rank(lacks) for lacks in others]
    best = min(theirs, default=_UNABLE)
    if _rank(own) <= best and _rank(own) < _UNABLE:
        return Turn.OURS
    return Turn.OTHERS if best < _UNABLE else Turn.NOBODYS


_ABLE, _TRIES, _UNABLE = range(3)


def _rank(lacks: Lacks) -> int:
    if not lacks:
        return _ABLE
    return _TRIES if all(lack.tried_anyway for lack in lacks) else _UNABLE


def lacks_lines(lacks: Mapping[JobKey, Lacks], used: Collection[JobKey] = tuple(JobKey)) -> tuple[str, ...]:
    """Returns what a workstation can't do, a line for each thing that it lacks: the jobs, and the thing in words.

    Args:
        lacks: what it lacks, of each job.
        used: the jobs that the practice uses.
    """
    jobs: dict[str, list[JobKey]] = {}
    for job in filter(used.__contains__, JobKey):  # in the order of a day
        for lack in lacks.get(job, ()):
            jobs.setdefault(lack.sentence, []).append(job)
    return tuple(_("{jobs}: {lack}").format(jobs=", ".join(map(job_title, named)), lack=lack) for lack, named in jobs.items())


def kind_word(kind: AgentKind) -> str:
    """Returns in which form an agent runs, for people."""
    return _(_KINDS[kind])


_KINDS = {AgentKind.TRAY: N_("Tray"), AgentKind.SERVICE: N_("Dienst"), AgentKind.HEADLESS: N_("ohne Fenster")}


def stored_report(report: Report) -> str:
    """Returns a report as it stands in the store: JSON, its sentences with how they were made."""
    lacks = {job.value: [_stored_lack(lack) for lack in lacks] for job, lacks in report.lacks.items() if lacks}
    return json.dumps(asdict(report) | {"lacks": lacks})


def _stored_lack(lack: Lack) -> dict[str, object]:
    return {"kind": lack.kind.value, "sentence": lack.sentence, "source": store_text(lack.sentence), "tried_anyway": lack.tried_anyway}


def read_report(stored: str | None) -> Report | None:
    """Returns a report as it was stored, in the reader's language; None where there is none that this program understands."""
    try:
        found = json.loads(stored or "null")
        if found is None:
            return None
        lacks = {JobKey(job): [_read_lack(lack) for lack in lacks] for job, lacks in found["lacks"].items()}
        return Report(str(found["user"]), AgentKind(found["kind"]), lacks, dict(found["secrets"]), str(found["software"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read_lack(stored: Mapping[str, object]) -> Lack:
    source = stored["source"]
    sentence = shown_text(str(stored["sentence"]), source if isinstance(source, str) else None)
    return Lack(LackKind(str(stored["kind"])), sentence, bool(stored["tried_anyway"]))
