"""``vitoclient messages outbox|failed|doubt|credits``: the outbox, whom to call, what is in doubt, the credits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from tray_agent.cli.frame import agent_here, print_json, print_table, utc_text
from tray_agent.i18n import _, format_datetime, format_number, ngettext
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import DoubtDecision, OutboxFilter, OutboxMessage, OutboxOrder

if TYPE_CHECKING:
    from tray_agent.messages.outbox.model import AccountCredits, CallEntry

Json = Annotated[bool, typer.Option("--json", help=_("Als JSON ausgeben."))]


def add_commands(app: typer.Typer) -> None:
    """Adds the commands to the group ``vitoclient messages``."""
    app.command("outbox", help=_("Die Versand-Queue zeigen, die neuesten Mitteilungen zuerst."))(_outbox)
    app.command("failed", help=_("Patienten zeigen, die anderweitig zu erinnern sind."))(_failed)
    app.command("credits", help=_("Das Guthaben je Konto zeigen."))(_credits)
    app.add_typer(_doubt_group(), name="doubt")


def _doubt_group() -> typer.Typer:
    group = typer.Typer(help=_("Mitteilungen, von denen unklar ist, ob sie gesendet wurden."))
    group.callback(invoke_without_command=True)(_doubt)
    group.command("decide", help=_("Entscheiden: wurde gesendet (sent) oder erneut senden (again)."))(_decide)
    return group


def _outbox(
    state: Annotated[list[MessageState] | None, typer.Option(help=_("Nur Mitteilungen in diesem Zustand; mehrmals möglich."))] = None,
    patient: Annotated[str, typer.Option(help=_("Nur Mitteilungen dieses Patienten (Name oder Nummer)."))] = "",
    order: Annotated[OutboxOrder, typer.Option(help=_("Sortierung."))] = OutboxOrder.PREPARED,
    limit: Annotated[int, typer.Option(min=1, help=_("So viele Zeilen."))] = 50,
    as_json: Json = False,
) -> None:
    with agent_here() as agent:
        page = agent.messages.page(OutboxFilter(frozenset(state or ()), patient=patient), order, limit=limit)
        if as_json:
            print_json({"total": page.total, "messages": [_as_json(message) for message in page.rows]})
        elif not page.rows:
            print(_("Keine Mitteilungen. Die Aufträge «aufbereiten» legen sie an."))
        else:
            _print_messages(page.rows, agent.machine.zone)
            print(_("{shown} von {total} Mitteilungen.").format(shown=len(page.rows), total=page.total))


def _failed(as_json: Json = False) -> None:
    with agent_here() as agent:
        entries = agent.messages.call_list()
        if as_json:
            print_json([_call_as_json(entry) for entry in entries])
        elif not entries:
            print(_("Niemand ist anderweitig zu erinnern."))
        else:
            _print_calls(entries, agent.machine.zone)


def _doubt(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is not None:
        return
    with agent_here() as agent:
        messages = agent.messages.in_doubt()
        if as_json:
            print_json([_as_json(message) for message in messages])
        elif not messages:
            print(_("Keine Mitteilung ist in der Schwebe."))
        else:
            _print_messages(messages, agent.machine.zone)
            print(_("SMS klären sich durch Nachfragen. Für E-Mails: «vitoclient messages doubt decide NUMMER sent» oder «… again»."))


def _decide(
    message_id: Annotated[int, typer.Argument(metavar=_("NUMMER"), help=_("Die Nummer der Mitteilung in der Liste."))],
    verdict: Annotated[DoubtDecision, typer.Argument(metavar=_("ENTSCHEID"), help=_("Wurde gesendet (sent), oder erneut senden (again)."))],
) -> None:
    with agent_here() as agent:
        message = agent.messages.decide(message_id, verdict, agent.person)
    print(f"{message.id}: {message.sentence}")


def _credits(
    refresh: Annotated[bool, typer.Option("--refresh", help=_("Das Gateway jetzt fragen."))] = False,
    as_json: Json = False,
) -> None:
    with agent_here() as agent:
        accounts = agent.messages.refresh_credits() if refresh else agent.messages.credits()
        if as_json:
            print_json([_credits_as_json(account) for account in accounts])
        elif not accounts:
            print(_("Kein SMS-Konto eingerichtet."))
        else:
            _print_credits(accounts, agent.machine.zone)


def _print_messages(messages: Sequence[OutboxMessage], zone: ZoneInfo) -> None:
    from rich.table import Table

    from tray_agent.messages.words import channel_title, kind_title, state_title

    table = Table(_("Nr."), _("Art"), _("Patient"), _("Termin"), _("Weg"), _("Empfänger"), _("Zustand"), _("Warum"), box=None)
    for message in messages:
        way = channel_title(message.channel) if message.channel else ""
        cells = (kind_title(message.kind), message.patient_name, _local(message.appointment_at, zone), way, message.recipient or "")
        _add_row(table, str(message.id), *cells, state_title(message.state), message.sentence)
    print_table(table)


def _print_calls(entries: Sequence[CallEntry], zone: ZoneInfo) -> None:
    from rich.table import Table

    table = Table(_("Nr."), _("Termin"), _("Patient"), _("Telefon"), _("Warum"), box=None)
    for entry in entries:
        message = entry.message
        at = _local(message.appointment_at, zone)
        _add_row(table, str(message.id), at, message.patient_name, ", ".join(entry.phones), entry.sentence)
    print_table(table)
    print(
        ngettext(
            "{number} Patient ist anzurufen oder anzuschreiben.", "{number} Patienten sind anzurufen oder anzuschreiben.", len(entries)
        ).format(number=len(entries))
    )


def _print_credits(accounts: Sequence[AccountCredits], zone: ZoneInfo) -> None:
    from rich.table import Table

    from tray_agent.messages.work.credits import low_sentence

    table = Table(_("Mandant"), _("Guthaben"), _("Stand"), _("Verbrauch pro Tag"), _("Reicht noch (Tage)"), box=None)
    for account in accounts:
        balance = format_number(account.balance) if account.balance is not None else _("unbekannt")
        use = format_number(account.use_per_day) if account.use_per_day is not None else ""
        left = str(account.days_left) if account.days_left is not None else ""
        _add_row(table, account.name, balance, _local(account.measured_at, zone), use, left)
    print_table(table)
    for account in accounts:
        if account.problem:
            print(f"{account.name}: {account.problem}")
        if account.below_minimum:
            print(low_sentence(account))


def _add_row(table: Any, *cells: str) -> None:  # noqa: ANN401 - rich is imported late
    from rich.markup import escape

    table.add_row(*(escape(cell) for cell in cells))


def _local(instant: datetime | None, zone: ZoneInfo) -> str:
    return format_datetime(instant.astimezone(zone)) if instant else ""


def _as_json(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "reference": message.reference,
        "kind": message.kind,
        "channel": message.channel,
        "state": message.state,
        "patient_id": message.patient_id,
        "patient": message.patient_name,
        "mandant": message.mandant_id,
        "appointment_id": message.appointment_id,
        "appointment_at": utc_text(message.appointment_at),
        "recipient": message.recipient,
        "text": message.text,
        "segments": message.segments,
        "cost": float(message.cost),
        "reason": message.reason,
        "sentence": message.sentence,
        "prepared_at": utc_text(message.prepared_at),
        "submitted_at": utc_text(message.submitted_at),
        "final_at": utc_text(message.final_at),
        "attempts": message.attempts,
    }


def _call_as_json(entry: CallEntry) -> dict[str, Any]:
    return _as_json(entry.message) | {"phones": list(entry.phones), "sent": entry.sent}


def _credits_as_json(account: AccountCredits) -> dict[str, Any]:
    return {
        "mandants": list(account.mandants),
        "name": account.name,
        "balance": float(account.balance) if account.balance is not None else None,
        "measured_at": utc_text(account.measured_at),
        "minimum": account.minimum,
        "use_per_day": float(account.use_per_day) if account.use_per_day is not None else None,
        "days_left": account.days_left,
        "below_minimum": account.below_minimum,
        "problem": account.problem or None,
        "history": [{"at": utc_text(point.measured_at), "balance": float(point.balance)} for point in account.history],
    }
