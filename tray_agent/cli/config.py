"""``vitoclient config``: what holds on this computer and where it comes from; what is the practice's is kept once, in the store."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.cli.frame import AsJson, agent_here, print_json, print_rows
from tray_agent.i18n import N_, _

if TYPE_CHECKING:
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
    return app


def _show(as_json: AsJson = False) -> None:
    with agent_here() as agent:
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
    from tray_agent.config.machine import origin_of, value_at, without_password
    from tray_agent.config.reading import places_of, plain_table

    rows, holds = agent.configurations.load(), plain_table(agent.configuration)
    for place in places_of(holds):
        value = value_at(holds, place)
        if place[-1] == "url" and isinstance(value, str):
            value = without_password(value)
        yield ".".join(place), value, origin_of(place, agent.machine, rows).value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return _("Ja") if value else _("Nein")
    return str(value)


def _own_passwords(agent: Agent) -> Iterator[dict[str, Any]]:
    changed = agent.unconfirmed_hosts()
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
    from tray_agent.config.reading import plain_table

    with agent_here() as agent:
        place = _place(key)
        machine = _write(agent, place, value)
        from tray_agent.config.machine import value_at

        print(_("{name} = {value}").format(name=key, value=_shown(value_at(plain_table(machine), place))))
        _tell_where(agent, place)


def _unset(key: _Key) -> None:
    from tray_agent.config.machine import Origin, origin_of, value_at
    from tray_agent.errors import InputError

    with agent_here() as agent:
        place = _place(key)
        rows: Any = agent.configurations.load() if _is_practices(place) else agent.machine.in_file
        if value_at(rows, place) is None:
            where = _("für die Praxis") if _is_practices(place) else _("auf diesem Computer")
            raise InputError(
                _("Nichts zu entfernen"),
                _("{key} ist {where} nicht gesetzt.").format(key=key, where=where),
                _("«vitoclient config show» zeigt alle Angaben."),
                item=key,
            )
        _write(agent, place, None)
        print(_("{key} ist entfernt.").format(key=key))
        if origin_of(place, agent.machine, {}) is not Origin.ENVIRONMENT:
            return
        _tell_where(agent, place)


def _place(key: str) -> Place:
    return tuple(key.strip().split("."))


def _is_practices(place: Place) -> bool:
    from tray_agent.config.machine import is_practices

    return is_practices(place)


def _write(agent: Agent, place: Place, value: str | None) -> Any:  # noqa: ANN401 - a configuration
    """Writes a value where it belongs, and returns the configuration that holds then."""
    from tray_agent.config.machine import Machine, config_file, in_force
    from tray_agent.config.reading import MisfitError, read_value
    from tray_agent.config.write import save_machine
    from tray_agent.errors import InputError

    if _is_practices(place):
        agent.configure({place: value})
        return agent.configuration
    try:
        read = read_value(Machine, place, "" if value is None else value) if len(place) > 1 else None
    except MisfitError as error:
        if value is not None:
            raise InputError(_("Nicht gespeichert"), f"{error}.", _("«vitoclient config show» zeigt alle Angaben.")) from error
        read = None
    if len(place) < 2:
        raise InputError(
            _("Nicht gespeichert"),
            _("«{key}» ist keine Angabe: Sie besteht aus Abschnitt und Schlüssel, zum Beispiel mail.host.").format(key=".".join(place)),
            _("«vitoclient config show» zeigt alle Angaben."),
        )
    machine = save_machine(config_file(), {place: None if value is None else read})
    return in_force(machine, agent.configurations.load())


def _tell_where(agent: Agent, place: Place) -> None:
    """Says for whom it holds, and from when on; and where something else holds here all the same."""
    from tray_agent.config.machine import Origin, origin_of

    if origin_of(place, agent.machine, {}) is Origin.ENVIRONMENT:
        print(_("Achtung: Auf diesem Computer gilt weiter die Umgebungsvariable VITOCLIENT_…."), file=sys.stderr)
    elif _is_practices(place):
        print(_("Das gilt für die ganze Praxis; laufende Programme übernehmen es innert einer Minute."))
    else:
        print(_("Das gilt für diesen Computer, nach dem nächsten Start des Programms."))


def _confirm(
    yes: Annotated[bool, typer.Option("--yes", help=_("Ohne Rückfrage bestätigen; zeigt trotzdem alten und neuen Server."))] = False,
) -> None:
    with agent_here() as agent:
        changed = agent.unconfirmed_hosts()
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
