"""Examines a machine: configuration, database, practice data, portal, gateway, mail; says in plain words what is missing.

Used by ``vitoclient doctor`` and by the dialog *Einrichten*. Every check is independent: one that fails stops no other.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.config.hosts import MAIL_TOKEN, mail_secret
from tray_agent.config.machine import without_password
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_date, format_number, join_texts, ngettext

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.store.database import Database

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
    PLAN = "plan"
    WORKSTATIONS = "workstations"
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


_Finding = tuple[CheckVerdict, *tuple[str, ...]]
"""A verdict, its sentence and, where something is to be done, the advice."""

GOOD, NOTICE, FAULT = CheckVerdict


def examine(agent: Agent, *subjects: Subject) -> Iterator[CheckResult]:
    """Examines these subjects, all by default, one after the other; yields at least one finding for each.

    Takes seconds where something does not answer: never on the GUI thread. Changes nothing, but for a row in the agent's database that it
    writes and takes away again: only so it is known that it can be written.
    """
    for subject in subjects or tuple(Subject):
        try:
            for verdict, *words in _CHECKS[subject](agent):
                yield CheckResult(subject, verdict, *words)
        except KnownError as error:
            yield CheckResult(subject, FAULT, error.message, error.advice)
        except Exception as error:
            known = _of_database(error)
            if known is None:
                raise
            yield CheckResult(subject, FAULT, known.message, known.advice)


def _of_database(error: Exception) -> KnownError | None:
    """Returns what a database refused, as people are told it: nothing that one refuses ends the examination of all else."""
    from sqlalchemy.exc import DBAPIError

    from tray_agent.store.faults import explained

    return explained(error) if isinstance(error, DBAPIError) else None


def _configuration(agent: Agent) -> Iterator[_Finding]:
    from tray_agent.config.machine import config_file
    from tray_agent.store.schema_version import check_schema

    file = config_file()
    if file.exists():
        yield GOOD, _("Konfiguration: {file}.").format(file=file)
    else:
        yield NOTICE, _("Die Konfigurationsdatei {file} gibt es noch nicht; es gelten die Vorgaben.").format(file=file)
    try:
        check_schema(agent.store_unchecked)  # asked for as it is: an examination makes no tables
    except KnownError:  # told where the store is examined
        return
    agent.look_at_configuration()
    if agent.in_force.taken_over:
        yield NOTICE, agent.in_force.taken_over
    if stale := ", ".join(_stale_values(agent)):
        text = _("In der Konfigurationsdatei steht, was nicht mehr gilt: {keys}. Es gilt, was für die Praxis eingestellt ist.")
        advice = _("Diese Zeilen aus der Datei nehmen; was gilt, zeigt «vitoclient config show».")
        yield NOTICE, text.format(keys=stale), advice


def _stale_values(agent: Agent) -> Iterator[str]:
    """Gives the keys of the file that are the practice's and say something else than the practice."""
    from tray_agent.config.machine import practices_part, value_at
    from tray_agent.config.reading import places_of, plain_table

    file, holds = practices_part(agent.machine.in_file), plain_table(agent.configuration)
    for place in places_of(file):
        if str(value_at(file, place)) != str(value_at(holds, place)):
            yield ".".join(place)


def _passwords_elsewhere(agent: Agent, name: str) -> Iterator[_Finding]:
    """Gives the other workstations that lack a password, by name."""
    for one in () if _is_to_be_made(agent) else agent.jobs.presences.there():
        is_other = one.report and (one.workstation, one.report.user) != (agent.workstation, getpass.getuser())
        if is_other and one.report and one.report.secrets.get(name) is False:
            advice = _("Dort unter «Einrichten» das Passwort eingeben, oder «vitoclient config confirm» aufrufen.")
            text = _("Auf {workstation} (angemeldet: {user}) fehlt das Passwort «{name}», oder es ist für diesen Server nicht bestätigt.")
            yield NOTICE, text.format(workstation=one.workstation, user=one.report.user, name=name), advice


def _is_to_be_made(agent: Agent) -> bool:
    """Returns whether the store is a file whose tables the program makes at its next start: no examination makes them."""
    from tray_agent.store.schema_version import current_revision

    database = agent.store_unchecked
    return database.dialect == "sqlite" and current_revision(database) is None


def _store(agent: Agent) -> Iterator[_Finding]:
    from tray_agent.store.schema_version import check_schema

    database, url = agent.store_unchecked, without_password(agent.machine.store_url)
    if _is_to_be_made(agent):
        yield NOTICE, _("Die Datenbank des Agenten gibt es noch nicht; das Programm legt sie beim ersten Start an: {url}.").format(url=url)
    else:
        yield from _server(database)
        check_schema(agent.store if database.dialect == "sqlite" else database)
        lacking = list(_rights(database))
        if lacking:
            yield from lacking
        else:
            agent.jobs.presences.prove_writable()
            text = _("Die Datenbank des Agenten ist da, nimmt Änderungen an und ist auf dem Stand dieser Version: {url}.")
            yield GOOD, text.format(url=url)
    yield from _private_store(agent)


def _server(database: Database) -> Iterator[_Finding]:
    """Gives what kind of server it is, and what of it is too old, wrong or nearly full."""
    from tray_agent.store.server_facts import described, read_facts, remarks

    facts = read_facts(database)
    if sentence := described(facts, database.dialect):
        yield GOOD, sentence
    for remark in remarks(facts, database.dialect):
        yield FAULT if remark.grave else NOTICE, remark.sentence, remark.advice


def _rights(database: Database) -> Iterator[_Finding]:
    """Gives the rights that the agent's login lacks, each with the statement that gives it."""
    from tray_agent.store.grants import missing_rights

    for missing in missing_rights(database):
        text = _("In der Datenbank des Agenten fehlt ein Recht: {rights} auf {things}. Bis es da ist, gelingt nicht alles.")
        advice = _("Der Betreuer der Datenbank führt aus: {statement}").format(statement=missing.statement)
        yield FAULT, text.format(rights=", ".join(missing.rights), things=_listed(missing.things)), advice


def _listed(things: tuple[str, ...]) -> str:
    shown = ", ".join(things[:_SHOWN])
    return shown if len(things) <= _SHOWN else _("{things} und {number} weiteren").format(things=shown, number=len(things) - _SHOWN)


_SHOWN = 5
"""So many tables are named."""


def _private_store(agent: Agent) -> Iterator[_Finding]:
    """Gives that the store may be one of several, and what a person said of it."""
    from tray_agent.messages.guards.private import decision_about

    private = agent.private_store
    if private is None:
        return
    decided = None if _is_to_be_made(agent) else decision_about(agent.store_unchecked, private)
    if decided is None:
        yield FAULT, private.sentence, private.advice
    else:
        text = _("Die Datenbank des Agenten ist eine Datei dieses Computers; {who} hat entschieden, dass nur von hier gesendet wird.")
        yield NOTICE, text.format(who=decided.answered_by or "")


def _clock(agent: Agent) -> Iterator[_Finding]:
    found = list(filter(None, (_clock_of_store(agent), _clock_of_gateway(agent))))
    if found:
        yield from found
        return
    text = _("Ob die Uhr dieses Computers stimmt, ist nicht bekannt: Es antwortet nichts, womit sie zu vergleichen wäre.")
    yield NOTICE, text, _("Uhrzeit und Datum dieses Computers mit einer anderen Uhr vergleichen.")


def _clock_of_store(agent: Agent) -> _Finding | None:
    """Returns how this computer's clock stands to the database server's; an embedded database has no clock of its own."""
    database = agent.store_unchecked
    if database.dialect == "sqlite":
        return None
    with database.read() as connection:
        seconds = round((agent.clock.now() - database.now(connection)).total_seconds())
    if abs(seconds) <= CLOCK_TOLERANCE:
        return GOOD, _("Die Uhr dieses Computers stimmt mit der Datenbank überein ({seconds} s).").format(seconds=seconds)
    text = _("Die Uhr dieses Computers weicht um {seconds} Sekunden von der Datenbank ab. Aufträge laufen trotzdem nur einmal.")
    return NOTICE, text.format(seconds=seconds), _synchronise()


def _clock_of_gateway(agent: Agent) -> _Finding | None:
    """Returns how this computer's clock stands to the first SMS gateway's that answers and tells the time."""
    for mandant in agent.configuration.gateway.accounts:
        try:
            gateway = agent.sms_gateways[mandant]
            gateway.balance()
        except KnownError:  # what is wrong with the account is told where accounts are examined
            continue
        told = gateway.told_time
        if told is None:
            continue
        seconds = round((agent.clock.now() - told.at(agent.clock.monotonic())).total_seconds())
        if abs(seconds) <= CLOCK_TOLERANCE:
            return GOOD, _("Die Uhr dieses Computers stimmt mit dem SMS-Gateway überein ({seconds} s).").format(seconds=seconds)
        text = _("Die Uhr dieses Computers weicht um {seconds} Sekunden vom SMS-Gateway ab.").format(seconds=seconds)
        if agent.store_unchecked.dialect != "sqlite":
            return NOTICE, text, _synchronise()
        goes_by = _("Die Aufträge richten sich nach ihr; wo es darauf ankommt, wird nichts gesendet.")
        return FAULT, join_texts(text, goes_by), _synchronise()
    return None


def _synchronise() -> str:
    return _("Zeitsynchronisation von Windows prüfen.")


def _plan(agent: Agent) -> Iterator[_Finding]:
    is_to_be_made = _is_to_be_made(agent)
    findings = () if is_to_be_made else agent.jobs.check()
    for finding in findings:
        yield NOTICE, finding.sentence, _("Zeitpläne unter «Aufträge verwalten» prüfen.")
    if is_to_be_made or not any(planned.schedule.enabled for planned in agent.jobs.plans.load().jobs.values()):
        yield (
            NOTICE,
            _("Kein Auftrag ist aktiviert: Es läuft nichts von selbst. Die gewünschten Aufträge in der Spalte «Aktiviert» ankreuzen."),
        )
    elif not findings:
        yield GOOD, _("Die Zeitpläne passen zusammen.")


def _workstations(agent: Agent) -> Iterator[_Finding]:
    """Examines what the agents of the practice tell of themselves; what this one lacks is examined where it belongs."""
    from tray_agent.downloads.words import left_behind_sentence
    from tray_agent.jobs.abilities import lacks_lines

    there = [] if _is_to_be_made(agent) else [one for one in agent.jobs.presences.known() if one.is_there]
    if not there:
        text = _("Auf keinem Arbeitsplatz läuft der Agent: Es läuft nichts von selbst.")
        yield NOTICE, text, _("Das Tray-Programm starten, oder den Agenten als Dienst laufen lassen.")
        return
    for job in agent.jobs.overview():
        if job.why:
            yield FAULT, job.why, _("Was fehlt, an einem dieser Arbeitsplätze unter «Einrichten» nachtragen.")
    used = agent.jobs.used()
    others = [one for one in there if one.workstation.lower() != agent.workstation.lower()]
    for one in others:
        for line in lacks_lines(one.report.lacks, used) if one.report else ():
            yield NOTICE, _("{workstation} kann nicht alles. {lack}.").format(workstation=one.workstation, lack=line)
        seconds = round(one.clock_difference.total_seconds())
        if abs(seconds) > CLOCK_TOLERANCE:
            text = _("Die Uhr von {workstation} weicht um {seconds} Sekunden von der Datenbank ab.")
            yield NOTICE, text.format(workstation=one.workstation, seconds=seconds), _synchronise()
    versions = {one.version for one in there}
    if len(versions) > 1:
        named = ", ".join(f"{one.workstation} {one.version}" for one in there)
        text = _("Auf den Arbeitsplätzen laufen verschiedene Versionen dieses Programms: {named}.").format(named=named)
        yield NOTICE, text, _("Die älteren aktualisieren.")
    if left := agent.downloads.left_behind():
        yield FAULT, left_behind_sentence(left, agent.clock.now().astimezone(agent.zone)), _("Das Update unter «Downloads…» ausführen.")
    number = len({one.workstation.lower() for one in there})
    text = ngettext("Der Agent läuft auf {number} Arbeitsplatz.", "Der Agent läuft auf {number} Arbeitsplätzen.", number)
    yield GOOD, text.format(number=number)


def _practice(agent: Agent) -> Iterator[_Finding]:
    from tray_agent.practice.check import check_practice

    for found in check_practice(agent.practice_database, agent.machine.practice.view_schema):
        yield CheckVerdict(found.severity), found.sentence, found.advice


def _portal(agent: Agent) -> Iterator[_Finding]:
    if not agent.machine.portal.address:
        text = _("Kein Online-Portal eingerichtet; es wird nichts heruntergeladen.")
        yield NOTICE, text, _where(_("Online-Portal"), "portal.address")
        return
    view = agent.downloads.portal()
    if view.offline:
        text = _("Das Online-Portal antwortet nicht; bekannt ist der letzte bestätigte Stand.")
        yield FAULT, text, _("Internetverbindung prüfen.")
        return
    rows = sum(len(heading.rows) for area in view.areas for heading in area.headings)
    text = ngettext(
        "Das Online-Portal antwortet und bietet {number} Version an.", "Das Online-Portal antwortet und bietet {number} Versionen an.", rows
    )
    yield GOOD, text.format(number=rows)


def _downloads(agent: Agent) -> Iterator[_Finding]:
    from tray_agent.abilities import can_be_written
    from tray_agent.downloads.installation import names_of

    folder, portal = agent.machine.download_folder, agent.machine.portal
    if can_be_written(folder):
        yield GOOD, _("Download-Ordner: {folder}.").format(folder=folder)
    else:
        advice = _("Rechte des Ordners prüfen oder unter «Einrichten» einen anderen wählen (in der Konfiguration: download.folder).")
        yield FAULT, _("In den Download-Ordner {folder} kann nicht geschrieben werden.").format(folder=folder), advice
    if not portal.address:
        return
    if names := names_of(portal.publishers):
        text = _("Installationsprogramme werden nur gestartet, wenn sie von {names} unterschrieben sind.")
        yield GOOD, text.format(names=_(" oder ").join(f"«{name}»" for name in names))
    else:
        yield GOOD, _("Kein Herausgeber ist festgelegt; für Installationsprogramme gilt, was das Online-Portal vorschreibt.")


def _gateway(agent: Agent) -> Iterator[_Finding]:
    accounts = agent.configuration.gateway.accounts
    if not accounts:
        yield NOTICE, _("Kein SMS-Konto eingerichtet; SMS werden nicht gesendet."), _where(_("SMS"), "gateway.accounts")
    unconfirmed = agent.in_force.unconfirmed()
    for mandant in accounts:
        name = f"gateway/{mandant}"
        if name in unconfirmed:
            yield _unconfirmed(_("SMS-Konto von Mandant {mandant}").format(mandant=mandant), *unconfirmed[name])
            continue
        try:
            agent.sms_gateways.originator(mandant)
            balance = format_number(agent.sms_gateways[mandant].balance())
        except KnownError as error:
            yield FAULT, _("SMS-Konto von Mandant {mandant}: {fault}").format(mandant=mandant, fault=error.message), error.advice
        else:
            yield GOOD, _("SMS-Konto von Mandant {mandant}: {balance} Credits.").format(mandant=mandant, balance=balance)
    for mandant in accounts:
        yield from _passwords_elsewhere(agent, f"gateway/{mandant}")


def _unconfirmed(what: str, former: str, host: str) -> _Finding:
    text = _("{what}: Das Passwort dieses Arbeitsplatzes ist für {former} bestätigt, eingestellt ist jetzt {host}.")
    advice = _("Stimmt das, hier unter «Einrichten» das Passwort noch einmal eingeben oder «vitoclient config confirm» aufrufen.")
    return FAULT, text.format(what=what, former=former, host=host), advice


def _mail(agent: Agent) -> Iterator[_Finding]:
    from tray_agent.messages.gateways.smtp import is_address

    mail = agent.configuration.mail
    if not mail.host:
        yield NOTICE, _("Kein Mailserver eingerichtet; E-Mails werden nicht gesendet."), _where(_("E-Mail"), "mail.host")
        return
    for sender in (*([] if mail.senders and not mail.sender else [mail.sender]), *(own.address for own in mail.senders.values())):
        if not is_address(sender):
            advice = _("Unter «Einrichten | E-Mail» die Absenderadresse eintragen (in der Konfiguration: mail.sender).")
            yield FAULT, _("Als Absender der E-Mails ist keine gültige Adresse eingetragen («{sender}»).").format(sender=sender), advice
    yield from _passwords_elsewhere(agent, mail_secret(mail))
    if (name := mail_secret(mail)) in (unconfirmed := agent.in_force.unconfirmed()):
        yield _unconfirmed(_("Mailserver"), *unconfirmed[name])
        return
    yield from _end_of_sign_in(agent)  # before the check, which renews it
    agent.mail_gateway.check()
    yield GOOD, _("Der Mailserver {host} nimmt die Anmeldung an.").format(host=mail.host)


def _end_of_sign_in(agent: Agent) -> Iterator[_Finding]:
    """Says in time that a token ends which nobody uses: this computer sends no e-mails, but may have to stand in for another one."""
    if mail_secret(agent.configuration.mail) != MAIL_TOKEN:
        return
    from tray_agent.messages.mail_sign_in import TOLD_BEFORE

    ends_at = agent.mail_sign_in.ends_at()
    if ends_at is not None and ends_at - agent.clock.now() <= TOLD_BEFORE:
        text = _("Die Anmeldung dieses Arbeitsplatzes bei Microsoft 365 wurde lange nicht gebraucht und endet am {day}.")
        advice = _("Sie wird mit dieser Prüfung erneuert; misslingt es, mit «vitoclient config mail-sign-in» neu anmelden.")
        yield NOTICE, text.format(day=format_date(ends_at.astimezone(agent.zone).date())), advice


def _software(agent: Agent) -> Iterator[_Finding]:
    yield _practice_process(agent.configuration.ui.practice_process)
    yield _practice_program(agent.machine.download.practice_program)


def _practice_process(name: str) -> _Finding:
    from tray_agent.tray.occasions import SystemProcesses, runs

    if not name:
        text = _("Kein Programmname der Praxissoftware angegeben; bei ihrem Start erscheinen keine Hinweise.")
        return NOTICE, text, _where(_("Praxissoftware"), "ui.practice_process")
    if runs(SystemProcesses(), name):
        return GOOD, _("Die Praxissoftware ({name}) läuft und wird erkannt.").format(name=name)
    text = _("Die Praxissoftware ({name}) läuft im Moment nicht auf diesem Arbeitsplatz.").format(name=name)
    return NOTICE, text, _("Sie starten und noch einmal prüfen; so zeigt sich, ob der Name stimmt.")


def _practice_program(file: str) -> _Finding:
    from tray_agent.platforms.programs import program_version

    if not file:
        text = _("Keine Programmdatei der Praxissoftware angegeben; ob sie für einen Download neu genug ist, wird nicht geprüft.")
        return NOTICE, text, _where(_("Praxissoftware"), "download.practice_program")
    advice = _("Unter «Einrichten | Praxissoftware» die richtige Datei wählen (in der Konfiguration: download.practice_program).")
    if not Path(file).is_file():
        text = _("Die Programmdatei {file} gibt es nicht; ob sie für einen Download neu genug ist, kann nicht geprüft werden.")
        return FAULT, text.format(file=file), advice
    version = program_version(Path(file))
    if version is not None:
        text = _("Die Praxissoftware auf diesem Arbeitsplatz ist Version {version}.")
        return GOOD, text.format(version=".".join(map(str, version)))
    if sys.platform == "win32":
        return FAULT, _("Die Datei {file} nennt keine Version.").format(file=file), advice
    return NOTICE, _("Die Programmdatei {file} ist da; ihre Version lässt sich nur unter Windows lesen.").format(file=file)


def _where(page: str, key: str) -> str:
    return _("Falls gewünscht, unter «Einrichten | {page}» angeben (in der Konfiguration: {key}).").format(page=page, key=key)


_CHECKS: dict[Subject, Callable[[Agent], Iterator[_Finding]]] = {
    Subject.CONFIGURATION: _configuration,
    Subject.STORE: _store,
    Subject.CLOCK: _clock,
    Subject.PLAN: _plan,
    Subject.WORKSTATIONS: _workstations,
    Subject.PRACTICE: _practice,
    Subject.PORTAL: _portal,
    Subject.DOWNLOADS: _downloads,
    Subject.GATEWAY: _gateway,
    Subject.MAIL: _mail,
    Subject.SOFTWARE: _software,
}
