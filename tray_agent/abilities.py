"""What this workstation lacks to do the jobs, by looks that cost little (decision record 0020); what is wrong in full says ``doctor``."""

from __future__ import annotations

import getpass
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.config.hosts import MAIL_TOKEN, secrets_of
from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Lacks, Report

if TYPE_CHECKING:
    from tray_agent.clock import Clock
    from tray_agent.in_force import ConfigurationInForce
    from tray_agent.store.database import Database

FOR_A_CLAIM, FOR_THE_OTHERS = timedelta(minutes=1), timedelta(minutes=5)
"""What was looked at within this time still holds: who claims must know it well, the others are told what is known."""

MOST_LOOKS = 3
"""A look during which something changed is done again, so often at the most."""

MOST_DIFFERENCE = timedelta(minutes=5)
"""By more than this a computer's clock must not differ from the database server's: certificates and mails carry its time."""


class Abilities:
    """What this workstation lacks. Threads may ask at once; one looks, the others wait for it.

    Args:
        in_force: the configuration.
        clock: this computer's.
        store, practice: give the agent's own database and the practice's.

    Attributes:
        kind: in which form the agent runs.
    """

    kind = AgentKind.HEADLESS

    def __init__(
        self, in_force: ConfigurationInForce, clock: Clock, store: Callable[[], Database], practice: Callable[[], Database]
    ) -> None:  # fmt: skip
        self._in_force = in_force
        self._clock = clock
        self._store = store
        self._practice_database = practice
        self._lock = threading.RLock()  # a look may open the store, and so read the configuration, after which all is looked at anew
        self._seen = Report()
        self._looked: float | None = None
        self._forgotten = 0

    def lacks(self, job: JobKey) -> Lacks:
        """Returns what is lacking for a job, as of the last minute. May ask the practice's database and the keyring."""
        return self._as_of(FOR_A_CLAIM).lacks.get(job, ())

    def forget(self) -> None:
        """Has everything looked at anew with the next question: something was changed here, or failed."""
        # Without the lock: who looks opens the store, whose configuration may be new, which is told here.
        self._forgotten += 1
        self._looked = None

    def report(self) -> Report:
        """Returns what this agent tells the others."""
        return replace(self._as_of(FOR_THE_OTHERS), kind=self.kind)

    def secrets(self) -> Mapping[str, bool]:
        """Returns, by the name of each password that the configuration asks for, whether it is here."""
        return {name: self._is_there(name) for name in secrets_of(self._in_force.machine)}

    def _is_there(self, name: str) -> bool:
        if name != MAIL_TOKEN:
            return bool(self._in_force.secrets.get(name))
        from tray_agent.messages.mail_sign_in import signed_in_until

        until = signed_in_until(self._in_force.machine.mail, self._in_force.secrets)
        return until is not None and self._clock.now() < until  # one that is over would have this computer claim what it can't do

    def _as_of(self, age: timedelta) -> Report:
        with self._lock:
            now = self._clock.monotonic()
            for _again in range(MOST_LOOKS):
                if self._looked is not None and now - self._looked < age.total_seconds():
                    break
                before = self._forgotten
                self._seen = self._look()
                self._looked = now if self._forgotten == before else None
            return self._seen

    def _look(self) -> Report:
        misfit = tuple(self._misfit())
        practice, clock, secrets = (*misfit, *self._practice()), tuple(self._wrong_clock()), self.secrets()
        channels = misfit or tuple(self._channels(secrets))  # of which servers and accounts there are nothing is known then
        lacks: Mapping[JobKey, Lacks] = {
            JobKey.DOWNLOAD: (*self._downloads(), *clock),
            JobKey.PREPARE_REMINDERS: practice,
            JobKey.PREPARE_BIRTHDAYS: practice,
            JobKey.SEND_MESSAGES: (*dict.fromkeys((*practice, *channels)), *clock),
            JobKey.UPDATE_STATUS: (*(lack for lack in channels if lack.kind is not LackKind.CHANNEL), *clock),
        }
        return Report(getpass.getuser(), self.kind, lacks, secrets, _version_of(self._in_force.machine.download.practice_program))

    def _misfit(self) -> Iterator[Lack]:
        if error := self._in_force.misfit:
            text = _("die Konfiguration der Praxis ist hier nicht lesbar ({place})")
            yield Lack(LackKind.CONFIGURATION, text.format(place=error.item or error.title))

    def _practice(self) -> Iterator[Lack]:
        from tray_agent.practice.check import check_readable

        try:
            check_readable(self._practice_database(), self._in_force.machine.practice.view_schema)
        except KnownError as error:
            yield Lack(
                LackKind.PRACTICE, _("die Daten der Praxis sind nicht lesbar ({fault})").format(fault=error.title), tried_anyway=True
            )

    def _wrong_clock(self) -> Iterator[Lack]:
        """Gives whether this computer's clock is wrong by the database server's; an embedded database goes by this computer's."""
        database = self._store()
        if database.dialect == "sqlite":
            return
        with database.read() as connection:
            difference = self._clock.now() - database.now(connection)
        if abs(difference) > MOST_DIFFERENCE:
            minutes = round(abs(difference).total_seconds() / 60)
            yield Lack(LackKind.CLOCK, _("die Uhr geht um {minutes} Minuten falsch").format(minutes=minutes), tried_anyway=True)

    def _channels(self, there: Mapping[str, bool]) -> Iterator[Lack]:
        """Gives what is lacking to hand messages over: all passwords where none is there, else only a part can't be sent."""
        machine = self._in_force.machine
        if not machine.gateway.accounts and not machine.mail.host:
            yield Lack(LackKind.CHANNEL, _("weder ein SMS-Konto noch ein Mailserver ist eingerichtet"))
            return
        without = [name for name, is_there in there.items() if not is_there]
        free = (machine.mail.host and not machine.mail.user) or (machine.gateway.accounts and machine.gateway.kind == "file")
        tried = bool(free) or len(without) < len(there)
        changed = self._in_force.unconfirmed()
        for name in without:
            if name not in changed:
                yield Lack(LackKind.PASSWORD, _password_missing(name), tried_anyway=tried)
        for sentence in dict.fromkeys(_not_confirmed(name, host) for name, (_former, host) in changed.items()):
            yield Lack(LackKind.HOST, sentence, tried_anyway=tried)

    def _downloads(self) -> Iterator[Lack]:
        machine = self._in_force.machine
        if not machine.portal.address or not machine.portal.root:
            yield Lack(LackKind.PORTAL, _("das Online-Portal ist nicht eingerichtet"))
        folder = machine.download_folder
        if not can_be_written(folder):
            yield Lack(LackKind.FOLDER, _("in den Download-Ordner {folder} kann nicht geschrieben werden").format(folder=folder))


def _password_missing(name: str) -> str:
    if name == MAIL_TOKEN:
        return _("am Mailserver ist niemand angemeldet («vitoclient config mail-sign-in»)")
    if name == "mail":
        return _("das Passwort des Mailservers fehlt")
    return _("das SMS-Passwort von Mandant {mandant} fehlt").format(mandant=name.partition("/")[2])


def _version_of(program: str) -> str:
    """Returns the version of the practice software on this workstation; "" where it is not known."""
    from tray_agent.platforms.programs import program_version

    version = program_version(Path(program)) if program else None
    return ".".join(map(str, version)) if version else ""


def _not_confirmed(name: str, host: str) -> str:
    if name in ("mail", MAIL_TOKEN):
        return _("der Mailserver heisst jetzt {host}; an diesem Arbeitsplatz noch nicht bestätigt").format(host=host)
    return _("die Adresse des SMS-Gateways ist jetzt {host}; an diesem Arbeitsplatz noch nicht bestätigt").format(host=host)


def can_be_written(folder: Path) -> bool:
    """Returns whether files can be made in a folder, as far as rights say; one that is not there yet can be made."""
    try:
        existing = next((parent for parent in (folder, *folder.parents) if parent.exists()), None)
        return existing is not None and existing.is_dir() and os.access(existing, os.W_OK)
    except OSError:
        return False
