"""Examines a machine: configuration, database, practice data, portal, gateway, mail; says in plain words what is missing.

Used by ``vitoclient doctor`` and by the dialog *Einrichten*. Every check is independent: one that fails stops no other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.config.machine import without_password
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_number, ngettext

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.config.machine import MailSection

CLOCK_TOLERANCE = 60
"""Seconds by which this computer's clock may differ from the server's before it is told."""


class CheckVerdict(StrEnum):
    """How a check ended."""

    GOOD = "good"
    NOTICE = "notice"
    """Works, but somebody should know; or is not set up on purpose."""

    FAULT = "fault"


class Subject(StrEnum):
    """What is examined; the order is that of the dialog *Einrichten*."""

    CONFIGURATION = "configuration"
    STORE = "store"
    CLOCK = "clock"
    PRACTICE = "practice"
    PORTAL = "portal"
    DOWNLOADS = "downloads"
    GATEWAY = "gateway"
    MAIL = "mail"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found.

    Attributes:
        subject: what was examined.
        verdict: how it ended.
        sentence: what was found, for people.
        advice: what to do, or "".
    """

    subject: Subject
    verdict: CheckVerdict
    sentence: str
    advice: str = ""


def examine(agent: Agent, *subjects: Subject) -> Iterator[CheckResult]:
    """Examines these subjects, all by default, one after the other; yields at least one finding for each.

    Takes seconds where something does not answer: never on the GUI thread. Changes nothing.
    """
    for subject in subjects or tuple(Subject):
        try:
            yield from _CHECKS[subject](agent)
        except KnownError as error:
            yield CheckResult(subject, CheckVerdict.FAULT, error.message, error.advice)


def _configuration(agent: Agent) -> Iterator[CheckResult]:
    from tray_agent.config.machine import config_file

    file = config_file()
    if file.exists():
        yield CheckResult(Subject.CONFIGURATION, CheckVerdict.GOOD, _("Konfiguration: {file}.").format(file=file))
    else:
        said = _("Die Konfigurationsdatei {file} gibt es noch nicht; es gelten die Vorgaben.").format(file=file)
        yield CheckResult(Subject.CONFIGURATION, CheckVerdict.NOTICE, said)


def _store(agent: Agent) -> Iterator[CheckResult]:
    from tray_agent.store.schema_version import check_schema

    check_schema(agent.store_unchecked)
    said = _("Die Datenbank des Agenten ist da und auf dem Stand dieser Version: {url}.")
    yield CheckResult(Subject.STORE, CheckVerdict.GOOD, said.format(url=without_password(agent.machine.store_url)))


def _clock(agent: Agent) -> Iterator[CheckResult]:
    database = agent.store_unchecked
    with database.read() as connection:
        seconds = round((agent.clock.now() - database.now(connection)).total_seconds())
    if abs(seconds) <= CLOCK_TOLERANCE:
        said = _("Die Uhr dieses Computers stimmt mit der Datenbank überein ({seconds} s).")
        yield CheckResult(Subject.CLOCK, CheckVerdict.GOOD, said.format(seconds=seconds))
        return
    said = _("Die Uhr dieses Computers weicht um {seconds} Sekunden von der Datenbank ab. Aufträge laufen trotzdem nur einmal.")
    yield CheckResult(Subject.CLOCK, CheckVerdict.NOTICE, said.format(seconds=seconds), _("Zeitsynchronisation von Windows prüfen."))


def _practice(agent: Agent) -> Iterator[CheckResult]:
    from tray_agent.practice.check import check_practice

    for found in check_practice(agent.practice_database, agent.machine.practice.view_schema):
        yield CheckResult(Subject.PRACTICE, CheckVerdict(found.severity), found.sentence, found.advice)


def _portal(agent: Agent) -> Iterator[CheckResult]:
    if not agent.machine.portal.address:
        yield _not_set_up(
            Subject.PORTAL, _("Kein Online-Portal eingerichtet; es wird nichts heruntergeladen."), _("Online-Portal"), "portal.address"
        )
        return
    view = agent.downloads.portal()
    if view.offline:
        said = _("Das Online-Portal antwortet nicht; bekannt ist der letzte bestätigte Stand.")
        yield CheckResult(Subject.PORTAL, CheckVerdict.FAULT, said, _("Internetverbindung prüfen."))
        return
    rows = sum(len(heading.rows) for area in view.areas for heading in area.headings)
    said = ngettext(
        "Das Online-Portal antwortet und bietet {number} Version an.", "Das Online-Portal antwortet und bietet {number} Versionen an.", rows
    )
    yield CheckResult(Subject.PORTAL, CheckVerdict.GOOD, said.format(number=rows))


def _downloads(agent: Agent) -> Iterator[CheckResult]:
    folder = agent.machine.download_folder
    existing = next((parent for parent in (folder, *folder.parents) if parent.exists()), None)
    if existing is not None and os.access(existing, os.W_OK):
        yield CheckResult(Subject.DOWNLOADS, CheckVerdict.GOOD, _("Download-Ordner: {folder}.").format(folder=folder))
    else:
        said = _("In den Download-Ordner {folder} kann nicht geschrieben werden.").format(folder=folder)
        advice = _("Rechte des Ordners prüfen oder unter «Einrichten» einen anderen wählen (in der Konfiguration: download.folder).")
        yield CheckResult(Subject.DOWNLOADS, CheckVerdict.FAULT, said, advice)
    if agent.machine.portal.address and not agent.machine.download.folder and not _is_alone(agent.machine.store.url):
        said = _("Der Download-Ordner liegt nur auf diesem Computer; andere Arbeitsplätze sehen Downloads, deren Dateien sie nicht haben.")
        advice = _("Unter «Einrichten» einen Ordner wählen, den alle erreichen (in der Konfiguration: download.folder).")
        yield CheckResult(Subject.DOWNLOADS, CheckVerdict.NOTICE, said, advice)
    if agent.machine.portal.address:
        yield _publishers(agent.machine.portal.publishers)


def _is_alone(store_url: str) -> bool:
    """Returns whether no other workstation can use this database."""
    return not store_url or store_url.startswith("sqlite")


def _publishers(text: str) -> CheckResult:
    from tray_agent.downloads.installation import names_of

    names = names_of(text)
    if names:
        said = _("Installationsprogramme werden nur gestartet, wenn sie von {names} unterschrieben sind.")
        return CheckResult(Subject.DOWNLOADS, CheckVerdict.GOOD, said.format(names=_(" oder ").join(f"«{name}»" for name in names)))
    said = _("Kein Herausgeber ist festgelegt; für Installationsprogramme gilt, was das Online-Portal vorschreibt.")
    return CheckResult(Subject.DOWNLOADS, CheckVerdict.GOOD, said)


def _gateway(agent: Agent) -> Iterator[CheckResult]:
    accounts = agent.machine.gateway.accounts
    if not accounts:
        yield _not_set_up(Subject.GATEWAY, _("Kein SMS-Konto eingerichtet; SMS werden nicht gesendet."), _("SMS"), "gateway.accounts")
    for mandant in accounts:
        yield _account(agent, mandant)


def _account(agent: Agent, mandant: str) -> CheckResult:
    try:
        agent.sms_gateways.originator(mandant)
        balance = agent.sms_gateways[mandant].balance()
    except KnownError as error:
        said = _("SMS-Konto von Mandant {mandant}: {fault}").format(mandant=mandant, fault=error.message)
        return CheckResult(Subject.GATEWAY, CheckVerdict.FAULT, said, error.advice)
    said = _("SMS-Konto von Mandant {mandant}: {balance} Credits.").format(mandant=mandant, balance=format_number(balance))
    return CheckResult(Subject.GATEWAY, CheckVerdict.GOOD, said)


def _mail(agent: Agent) -> Iterator[CheckResult]:
    if not agent.machine.mail.host:
        yield _not_set_up(Subject.MAIL, _("Kein Mailserver eingerichtet; E-Mails werden nicht gesendet."), _("E-Mail"), "mail.host")
        return
    yield from _senders(agent.machine.mail)
    agent.mail_gateway.check()
    said = _("Der Mailserver {host} nimmt die Anmeldung an.").format(host=agent.machine.mail.host)
    yield CheckResult(Subject.MAIL, CheckVerdict.GOOD, said)


def _senders(mail: MailSection) -> Iterator[CheckResult]:
    from tray_agent.messages.gateways.smtp import is_address

    for sender in (*([] if mail.senders and not mail.sender else [mail.sender]), *(own.address for own in mail.senders.values())):
        if not is_address(sender):
            said = _("Als Absender der E-Mails ist keine gültige Adresse eingetragen («{sender}»).").format(sender=sender)
            yield CheckResult(
                Subject.MAIL,
                CheckVerdict.FAULT,
                said,
                _("Unter «Einrichten | E-Mail» die Absenderadresse eintragen (in der Konfiguration: mail.sender)."),
            )


def _software(agent: Agent) -> Iterator[CheckResult]:
    yield _practice_process(agent.machine.ui.practice_process)
    yield _practice_program(agent.machine.download.practice_program)


def _practice_process(name: str) -> CheckResult:
    from tray_agent.tray.occasions import SystemProcesses, runs

    if not name:
        said = _("Kein Programmname der Praxissoftware angegeben; bei ihrem Start erscheinen keine Hinweise.")
        return _not_set_up(Subject.SOFTWARE, said, _("Praxissoftware"), "ui.practice_process")
    if runs(SystemProcesses(), name):
        return CheckResult(Subject.SOFTWARE, CheckVerdict.GOOD, _("Die Praxissoftware ({name}) läuft und wird erkannt.").format(name=name))
    said = _("Die Praxissoftware ({name}) läuft im Moment nicht auf diesem Arbeitsplatz.").format(name=name)
    return CheckResult(
        Subject.SOFTWARE, CheckVerdict.NOTICE, said, _("Sie starten und noch einmal prüfen; so zeigt sich, ob der Name stimmt.")
    )


def _practice_program(text: str) -> CheckResult:
    from tray_agent.platforms.programs import program_version

    if not text:
        said = _("Keine Programmdatei der Praxissoftware angegeben; ob sie für einen Download neu genug ist, wird nicht geprüft.")
        return _not_set_up(Subject.SOFTWARE, said, _("Praxissoftware"), "download.practice_program")
    if not Path(text).is_file():
        said = _("Die Programmdatei {file} gibt es nicht; ob sie für einen Download neu genug ist, kann nicht geprüft werden.")
        return _wrong_program(said.format(file=text))
    version = program_version(Path(text))
    if version is not None:
        said = _("Die Praxissoftware auf diesem Arbeitsplatz ist Version {version}.").format(version=".".join(map(str, version)))
        return CheckResult(Subject.SOFTWARE, CheckVerdict.GOOD, said)
    if sys.platform == "win32":
        return _wrong_program(_("Die Datei {file} nennt keine Version.").format(file=text))
    said = _("Die Programmdatei {file} ist da; ihre Version lässt sich nur unter Windows lesen.").format(file=text)
    return CheckResult(Subject.SOFTWARE, CheckVerdict.NOTICE, said)


def _wrong_program(sentence: str) -> CheckResult:
    advice = _("Unter «Einrichten | Praxissoftware» die richtige Datei wählen (in der Konfiguration: download.practice_program).")
    return CheckResult(Subject.SOFTWARE, CheckVerdict.FAULT, sentence, advice)


def _not_set_up(subject: Subject, sentence: str, page: str, key: str) -> CheckResult:
    advice = _("Falls gewünscht, unter «Einrichten | {page}» angeben (in der Konfiguration: {key}).").format(page=page, key=key)
    return CheckResult(subject, CheckVerdict.NOTICE, sentence, advice)


_CHECKS: dict[Subject, Callable[[Agent], Iterator[CheckResult]]] = {
    Subject.CONFIGURATION: _configuration,
    Subject.STORE: _store,
    Subject.CLOCK: _clock,
    Subject.PRACTICE: _practice,
    Subject.PORTAL: _portal,
    Subject.DOWNLOADS: _downloads,
    Subject.GATEWAY: _gateway,
    Subject.MAIL: _mail,
    Subject.SOFTWARE: _software,
}
