"""``vitoclient service``: the agent as a service of the system, beside the tray programs."""

from __future__ import annotations

import getpass
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tray_agent.cli.agent import run_service_here
from tray_agent.cli.frame import AsJson, picked, print_json
from tray_agent.config.machine import load_machine, shared_config_file
from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _
from tray_agent.platforms.this_system import service_secrets, services

_STATES = {
    "not_installed": N_("nicht eingerichtet"),
    "stopped": N_("angehalten"),
    "starting": N_("startet"),
    "running": N_("läuft"),
    "stopping": N_("hält an"),
    "failed": N_("mit Fehler beendet"),
}

_Config = Annotated[Path | None, typer.Option("--config", help=_("Konfiguration des Dienstes; sonst die dieses Geräts."))]


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient service``."""
    app = typer.Typer(help=_("Den Agenten als Dienst laufen lassen, auch wenn niemand angemeldet ist."), no_args_is_help=True)
    app.command("install", help=_("Den Dienst einrichten und starten."))(_install)
    app.command("remove", help=_("Den Dienst anhalten und entfernen; Daten und Konfiguration bleiben."))(_remove)
    app.command("start", help=_("Den Dienst starten."))(_start)
    app.command("stop", help=_("Den Dienst anhalten, bis zum nächsten Start des Geräts."))(_stop)
    app.command("status", help=_("Zeigen, ob der Dienst läuft."))(_status)
    app.command("secret", help=_("Ein Passwort für den Dienst hinterlegen: gateway/MANDANT, mail, store oder practice."))(_secret)
    app.command("run", help=_("Als Dienst laufen; wird vom System aufgerufen."), hidden=True)(_run)
    return app


def _install(
    account: Annotated[str, typer.Option("--account", help=_("Konto des Dienstes; sonst ein eigenes ohne Passwort."))] = "",
    config: _Config = None,
) -> None:
    from tray_agent.platforms.programs import service_program
    from tray_agent.platforms.service import ServicePlan, check_serviceable, folders_of, has_password

    file = (config or shared_config_file()).absolute()
    machine = load_machine(file)
    check_serviceable(machine, file)
    password = None
    if account and sys.platform == "win32" and has_password(account):
        password = getpass.getpass(_("Passwort von {account}: ").format(account=account))
    system = services()
    command = (*service_program(), "service", "run", "--config", str(file))
    system.install(ServicePlan(command, account or None, password, folders_of(machine)))
    system.start()
    print(_("Der Dienst ist eingerichtet und läuft; er startet mit dem Gerät. Konfiguration: {file}").format(file=file))


def _remove() -> None:
    services().remove()
    print(_("Der Dienst ist entfernt. Daten und Konfiguration sind geblieben."))


def _start() -> None:
    services().start()
    print(_("Der Dienst läuft."))


def _stop() -> None:
    services().stop()
    print(_("Der Dienst ist angehalten."))


def _status(as_json: AsJson = False) -> None:
    status = services().status()
    if as_json:
        print_json(picked(status, "state account command starts_at_boot"))
        return
    print(_("Dienst: {state}").format(state=_(_STATES[status.state])))
    if status.state != "not_installed":
        print(_("Konto: {account}").format(account=status.account))
        print(_("Befehl: {command}").format(command=status.command))
        print(_("Startet mit dem Gerät: {answer}").format(answer=_("Ja") if status.starts_at_boot else _("Nein")))


def _secret(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("gateway/MANDANT, mail, store oder practice."))],
    config: _Config = None,
) -> None:
    if sys.stdin.isatty():
        value = getpass.getpass(_("Passwort «{name}» (leer: entfernen): ").format(name=name))
    else:
        value = sys.stdin.buffer.readline().decode("utf-8-sig")
    file = (config or shared_config_file()).absolute()
    secrets, host = service_secrets(file), _server_of(file, name)
    secrets.set(name, value.rstrip("\r\n"))
    if name not in ("store", "practice"):
        secrets.set(f"host/{name}", host)
    print(_("Gespeichert. Der Dienst liest es beim nächsten Start."))
    if host:
        print(_("Das Passwort gilt für {host}.").format(host=host))


def _server_of(file: Path, name: str) -> str:
    """Returns the server that gets a password of the service by what the practice has configured; "" where that can't be read yet."""
    from tray_agent.agent import Agent
    from tray_agent.config.hosts import host_of

    if not file.exists() or not (machine := load_machine(file)).store.url:
        return ""
    with Agent(machine) as agent, suppress(KnownError):
        agent.look_at_configuration()
        return host_of(agent.configuration, name)
    return ""


def _run(config: _Config = None) -> None:
    raise typer.Exit(run_service_here(config))
