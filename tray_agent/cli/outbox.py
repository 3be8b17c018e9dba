"""``vitoclient messages outbox|failed|doubt|credits``: the outbox, whom to call, what is in doubt, the credits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.i18n import _, format_number, join_texts, ngettext
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import DoubtDecision, OutboxFilter, OutboxMessage, OutboxOrder

if TYPE_CHECKING:
    from tray_agent.messages.outbox.model import AccountCredits, CallEntry


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
    kind: Annotated[list[MessageKind] | None, typer.Option(help=_("Nur Mitteilungen dieser Art; mehrmals möglich."))] = None,
    patient: Annotated[str, typer.Option(help=_("Nur Mitteilungen dieses Patienten (Name oder Nummer)."))] = "",
    order: Annotated[OutboxOrder, typer.Option(help=_("Sortierung."))] = OutboxOrder.PREPARED,
    limit: Annotated[int, typer.Option(min=1, help=_("So viele Zeilen."))] = 50,
    as_json: AsJson = False,
) -> None:
    with agent_here() as agent:
        page = agent.messages.page(OutboxFilter(frozenset(state or ()), frozenset(kind or ()), patient), order, limit=limit)
        if as_json:
            print_json({"total": page.total, "messages": [_as_json(message) for message in page.rows]})
        elif not page.rows:
            print(_("Keine Mitteilungen. Die Aufträge «aufbereiten» legen sie an."))
        else:
            _print_messages(page.rows, agent.zone)
            print(_("{shown} von {total} Mitteilungen.").format(shown=len(page.rows), total=page.total))


def _failed(as_json: AsJson = False) -> None:
    with agent_here() as agent:
        entries = agent.messages.call_list()
        if as_json:
            print_json([_as_json(entry.message) | picked(entry, "phones sent why=sentence") for entry in entries])
        elif not entries:
            print(_("Niemand ist anderweitig zu erinnern."))
        else:
            _print_calls(entries, agent.zone)


def _doubt(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is not None:
        return
    with agent_here() as agent:
        messages = agent.messages.in_doubt()
        if as_json:
            print_json([_as_json(message) for message in messages])
        elif not messages:
            print(_("Keine Mitteilung ist in der Schwebe."))
        else:
            _print_messages(messages, agent.zone)
            print(_("SMS klären sich durch Nachfragen. Für E-Mails: «vitoclient messages doubt decide NUMMER sent» oder «… again»."))


def _decide(
    message_id: Annotated[int, typer.Argument(metavar=_("NUMMER"), help=_("Die Nummer der Mitteilung in der Liste."))],
    verdict: Annotated[DoubtDecision, typer.Argument(metavar=_("ENTSCHEID"), help=_("Wurde gesendet (sent), oder erneut senden (again)."))],
) -> None:
    with agent_here() as agent:
        message = agent.messages.decide(message_id, verdict, agent.person)
        leaves = agent.messages.when_sent(message)
    print(f"{message.id}: {join_texts(message.sentence, leaves)}")


def _credits(
    refresh: Annotated[bool, typer.Option("--refresh", help=_("Das Gateway jetzt fragen."))] = False,
    as_json: AsJson = False,
) -> None:
    with agent_here() as agent:
        accounts = agent.messages.refresh_credits() if refresh else agent.messages.credits()
        if as_json:
            print_json([_credits_as_json(account) for account in accounts])
        elif not accounts:
            print(_("Kein SMS-Konto eingerichtet."))
        else:
            _print_credits(accounts, agent.zone)


def _print_messages(messages: Sequence[OutboxMessage], zone: ZoneInfo) -> None:
    from tray_agent.messages.words import channel_title, kind_title, state_title

    def cells(message: OutboxMessage) -> tuple[str, ...]:
        way = channel_title(message.channel) if message.channel else ""
        whom = (str(message.id), kind_title(message.kind), message.patient_name, local_text(message.appointment_at, zone))
        return *whom, way, message.recipient or "", state_title(message.state), message.sentence

    headings = (_("Nr."), _("Art"), _("Patient"), _("Termin"), _("Weg"), _("Empfänger"), _("Zustand"), _("Warum"))
    print_rows(headings, map(cells, messages))


def _print_calls(entries: Sequence[CallEntry], zone: ZoneInfo) -> None:
    from tray_agent.messages.words import sent_title

    def cells(entry: CallEntry) -> tuple[str, ...]:
        message = entry.message
        at = local_text(message.appointment_at, zone)
        return str(message.id), at, message.patient_name, ", ".join(entry.phones), sent_title(entry), entry.sentence

    print_rows((_("Nr."), _("Termin"), _("Patient"), _("Telefon"), _("Mitteilung"), _("Warum")), map(cells, entries))
    number = len(entries)
    text = ngettext("{number} Patient ist anzurufen oder anzuschreiben.", "{number} Patienten sind anzurufen oder anzuschreiben.", number)
    print(text.format(number=number))


def _print_credits(accounts: Sequence[AccountCredits], zone: ZoneInfo) -> None:
    from tray_agent.messages.work.credits import low_sentence

    def cells(account: AccountCredits) -> tuple[str, ...]:
        balance = format_number(account.balance) if account.balance is not None else _("unbekannt")
        use = format_number(account.use_per_day) if account.use_per_day is not None else ""
        days = str(account.days_left) if account.days_left is not None else ""
        return account.name, balance, local_text(account.measured_at, zone), use, days

    print_rows((_("Mandant"), _("Guthaben"), _("Stand"), _("Verbrauch pro Tag"), _("Reicht noch (Tage)")), map(cells, accounts))
    for account in accounts:
        if account.problem:
            print(f"{account.name}: {account.problem}")
        if account.below_minimum:
            print(low_sentence(account))


def _as_json(message: OutboxMessage) -> dict[str, Any]:
    return picked(
        message,
        "id reference kind channel state patient_id patient=patient_name mandant=mandant_id appointment_id appointment_at recipient text "
        "segments cost reason sentence standing standing_since prepared_at submitted_at final_at attempts",
    )


def _credits_as_json(account: AccountCredits) -> dict[str, Any]:
    return {
        **picked(account, "mandants name balance measured_at minimum use_per_day days_left below_minimum"),
        "problem": account.problem or None,
        "history": [picked(point, "at=measured_at balance") for point in account.history],
    }
