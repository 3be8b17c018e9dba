"""``vitoclient config``: what holds on this computer and where it comes from; what is the practice's is kept once, in the store."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.cli.frame import AsJson, agent_here, local_text, print_json, print_rows
from tray_agent.errors import InputError
from tray_agent.i18n import N_, _

if TYPE_CHECKING:
    from datetime import datetime

    from tray_agent.agent import Agent
    from tray_agent.config.reading import Place

_ORIGINS = {
    "environment": N_("Umgebungsvariable"),
    "practice": N_("Praxis"),
    "computer": N_("dieser Computer"),
    "default": N_("Vorgabe"),
}

_Key = Annotated[str, typer.Argument(metavar=_("ANGABE"), help=_("Abschnitt und Schlüssel, wie «config show» sie nennt: mail.host."))]


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient config``."""
    app = typer.Typer(help=_("Die Konfiguration: was für die Praxis gilt und was für diesen Computer."), no_args_is_help=True)
    app.command("show", help=_("Alle Angaben zeigen, woher sie kommen, und welche Passwörter wo gespeichert sind."))(_show)
    app.command("set", help=_("Eine Angabe setzen: für die Praxis, oder wo sie dessen Sache ist, für diesen Computer."))(_set)
    app.command("unset", help=_("Eine Angabe entfernen; dann gilt die Vorgabe."))(_unset)
    app.command("confirm", help=_("Bestätigen, dass ein geänderter Server die Passwörter dieses Computers bekommen darf."))(_confirm)
    app.command("mail-provider", help=_("Mailanbieter zeigen, oder einen für die Praxis einstellen und sagen, was er verlangt."))(_provider)
    app.command("mail-sign-in", help=_("Diesen Computer bei Microsoft 365 anmelden, mit einem Code im Browser."))(_sign_in)
    return app


def _show(as_json: AsJson = False) -> None:
    with agent_here() as agent:
        agent.look_at_configuration()  # where it can't be used, what stands in the file here must not be shown as what holds
        values = list(_values(agent))
        passwords = [*_own_passwords(agent), *_passwords_elsewhere(agent)]
    if as_json:
        print_json({"values": {key: {"value": value, "origin": origin} for key, value, origin in values}, "passwords": passwords})
        return
    print_rows(
        (_("Angabe"), _("Wert"), _("Gilt durch")),
        ((key, _shown(value), _(_ORIGINS[origin])) for key, value, origin in values),
    )
    if passwords:
        print()
        print_rows(
            (_("Passwort"), _("Arbeitsplatz"), _("Benutzer"), _("Stand")),
            ((one["name"], one["workstation"], one["user"], _state(one)) for one in passwords),
        )


def _values(agent: Agent) -> Iterator[tuple[str, Any, str]]:
    """Gives all values that hold here: key, value, and where it comes from."""
    from tray_agent.config.machine import origin_of, value_at
    from tray_agent.config.reading import places_of, plain_table

    rows, holds = agent.in_force.rows(), plain_table(agent.configuration)
    for place in places_of(holds):
        yield ".".join(place), _public(place, value_at(holds, place)), origin_of(place, agent.machine, rows).value


def _public(place: Place, value: object) -> object:
    """Returns a value as it may be shown: a database's address without the password in it."""
    from tray_agent.config.machine import without_password

    return without_password(value) if place[-1] == "url" and isinstance(value, str) else value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return _("Ja") if value else _("Nein")
    return str(value)


def _own_passwords(agent: Agent) -> Iterator[dict[str, Any]]:
    changed = agent.in_force.unconfirmed()
    for name, there in agent.abilities.secrets().items():
        former = changed[name][0] if name in changed else ""
        yield {"name": name, "workstation": agent.workstation, "user": getpass.getuser(), "there": there, "meant_for": former}


def _passwords_elsewhere(agent: Agent) -> Iterator[dict[str, Any]]:
    own = (agent.workstation, getpass.getuser())
    for one in agent.jobs.presences.there():
        if one.report and (one.workstation, one.report.user) != own:
            for name, there in one.report.secrets.items():
                yield {"name": name, "workstation": one.workstation, "user": one.report.user, "there": there, "meant_for": ""}


def _state(password: dict[str, Any]) -> str:
    if password["there"]:
        return _("gespeichert")
    if password["meant_for"]:
        return _("nicht bestätigt für den jetzigen Server; gespeichert für {host}").format(host=password["meant_for"])
    return _("fehlt")


def _set(key: _Key, value: Annotated[str, typer.Argument(metavar=_("WERT"), help=_("Der neue Wert."))]) -> None:
    from tray_agent.config.machine import Machine
    from tray_agent.config.reading import MisfitError, read_value

    place = _place(key)
    try:
        read = read_value(Machine, place, value)
    except MisfitError as error:
        raise _refused(f"{error}.", key) from error
    with agent_here() as agent:
        _write(agent, place, read)
        print(_("{name} = {value}").format(name=key, value=_shown(_public(place, read))))
        _tell_where(agent, place)


def _unset(key: _Key) -> None:
    from tray_agent.config.machine import is_practices, value_at

    place = _place(key)
    with agent_here() as agent:
        tables = agent.in_force.rows() if is_practices(place) else agent.machine.in_file
        if value_at(tables, place) is None:
            raise _refused(_("{key} ist nicht gesetzt; es ist nichts zu entfernen.").format(key=key), key)
        _write(agent, place, None)
        print(_("{key} ist entfernt.").format(key=key))
        _tell_where(agent, place)


def _place(key: str) -> Place:
    place = tuple(key.strip().split("."))
    if len(place) < 2:
        text = _("«{key}» ist keine Angabe: Sie besteht aus Abschnitt und Schlüssel, zum Beispiel mail.host.")
        raise _refused(text.format(key=key), key)
    return place


def _refused(sentence: str, key: str) -> InputError:
    return InputError(_("Nicht gespeichert"), sentence, _("«vitoclient config show» zeigt alle Angaben."), item=key)


def _write(agent: Agent, place: Place, value: object) -> None:
    """Writes a value where it belongs; None takes it out."""
    from tray_agent.config.machine import config_file, is_practices
    from tray_agent.config.write import save_machine

    if is_practices(place):
        agent.configure({place: value})
    else:
        save_machine(config_file(), {place: value})


def _tell_where(agent: Agent, place: Place) -> None:
    """Says for whom it holds, and from when on; and where something else holds here all the same."""
    from tray_agent.config.machine import Origin, is_practices, origin_of

    if origin_of(place, agent.machine, {}) is Origin.ENVIRONMENT:
        print(_("Achtung: Auf diesem Computer gilt weiter die Umgebungsvariable VITOCLIENT_…."), file=sys.stderr)
    elif is_practices(place):
        print(_("Das gilt für die ganze Praxis; laufende Programme übernehmen es innert einer Minute."))
    else:
        print(_("Das gilt für diesen Computer, nach dem nächsten Start des Programms."))


def _confirm(
    yes: Annotated[bool, typer.Option("--yes", help=_("Ohne Rückfrage bestätigen; zeigt trotzdem alten und neuen Server."))] = False,
) -> None:
    with agent_here() as agent:
        changed = agent.in_force.unconfirmed()
        if not changed:
            print(_("Nichts zu bestätigen: Kein Passwort dieses Computers ist für einen anderen Server gespeichert."))
            return
        for name, (former, host) in changed.items():
            print(
                _("Passwort «{name}»: gespeichert für {former}, eingestellt ist jetzt {host}.").format(name=name, former=former, host=host)
            )
            if yes or _agreed():
                agent.confirm_hosts({name: host})
                print(_("Bestätigt: {host} bekommt das Passwort.").format(host=host))
            else:
                print(_("Nicht bestätigt: {host} bekommt kein Passwort, dieser Computer sendet nicht dorthin.").format(host=host))


def _agreed() -> bool:
    print(_("Darf dieser Server das Passwort bekommen? Mit «ja» bestätigen:"), end=" ", flush=True)
    return sys.stdin.readline().strip().lower() in ("ja", "oui", "si", "sì", "yes", _("ja"))


def _provider(
    key: Annotated[str, typer.Argument(metavar=_("ANBIETER"), help=_("Wie die Liste ihn nennt; ohne ihn: die Liste zeigen."))] = "",
) -> None:
    from tray_agent.config.mail_providers import PROVIDERS

    if not key:
        rows = ((one.key, one.name, f"{one.host}:{one.port}", one.security, one.sign_in) for one in PROVIDERS)
        print_rows((_("Anbieter"), _("Name"), _("Server"), _("Verschlüsselung"), _("Anmeldung")), rows)
        return
    provider = next((one for one in PROVIDERS if one.key == key.lower()), None)
    if provider is None:
        sentence = _("Den Anbieter «{key}» kennt das Programm nicht.").format(key=key)
        advice = _("«vitoclient config mail-provider» zeigt alle; für andere mail.host, mail.port und mail.security setzen.")
        raise InputError(_("Nicht gespeichert"), sentence, advice, item=key)
    with agent_here() as agent:
        values = {name: getattr(provider, name) for name in ("host", "port", "security", "sign_in")}
        agent.configure({("mail", name): value for name, value in values.items()})
        print(_("E-Mails der ganzen Praxis gehen jetzt über {name} ({host}).").format(name=provider.name, host=provider.host))
        print(_(provider.told))


def _sign_in() -> None:
    from threading import Event

    with agent_here() as agent:
        agent.look_at_configuration()
        mail = agent.configuration.mail
        if mail.sign_in != "microsoft" or not mail.client_id or not mail.host or not mail.user:
            raise InputError(
                _("Anmeldung nicht eingerichtet"),
                _("Für die Anmeldung bei Microsoft 365 fehlen noch Angaben."),
                _("Mit «vitoclient config set» mail.host, mail.user, mail.client_id und mail.sign_in (microsoft) setzen."),
                item="mail.sign_in",
            )

        def show(code: str, address: str, until: datetime) -> None:
            print(_("Im Browser {address} öffnen und den Code {code} eingeben, bis {until}.").format(
                address=address, code=code, until=local_text(until, agent.zone)
            ))  # fmt: skip

        agent.mail_sign_in.sign_in(show, lambda seconds: agent.clock.wait(Event(), seconds))
        print(_("Angemeldet. Dieser Computer erneuert die Anmeldung von selbst, solange er E-Mails sendet."))
