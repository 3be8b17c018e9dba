"""``vitoclient messages``: the preview of reminders and greetings."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.i18n import _, format_date, format_datetime, format_number, ngettext
from tray_agent.messages.model import MessageKind
from tray_agent.messages.words import made_up_words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tray_agent.messages.work.preview import Preview, PreviewLine, PreviewMandant


class _Kind(StrEnum):
    """What one may preview, as ``PREVIEWED_KINDS``."""

    REMINDER = MessageKind.REMINDER.value
    BIRTHDAY = MessageKind.BIRTHDAY.value


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient messages``."""
    app = typer.Typer(help=_("Terminerinnerungen und Geburtstagsglückwünsche."), no_args_is_help=True)
    app.command("preview", help=_("Zeigen, wer was bekäme und wer nicht und warum; es wird nichts gesendet."))(_preview)
    return app


def _preview(
    kind: Annotated[_Kind | None, typer.Option(help=_("Nur Terminerinnerungen oder nur Geburtstagsglückwünsche."))] = None,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help=_("Tag, an dem aufbereitet würde (JJJJ-MM-TT); heute."))
    ] = None,
    texts: Annotated[bool, typer.Option("--texts", help=_("Auch die Texte zeigen."))] = False,
    as_json: AsJson = False,
) -> None:
    kinds = [MessageKind(each) for each in ([kind] if kind else _Kind)]
    with agent_here() as agent:
        previews = [agent.preview.preview(each, day.date() if day else None) for each in kinds]
        if as_json:
            print_json({"date": previews[0].day, "previews": [_as_json(preview) for preview in previews]})
            return
        for preview in previews:
            _print(preview, agent.zone, texts=texts)


def _print(preview: Preview, zone: ZoneInfo, *, texts: bool) -> None:
    print(_heading(preview))
    if not preview.switched_on:
        print(_("Der Schalter dafür steht auf Nein: es wird nichts aufbereitet. So wäre es mit Ja:"))
    if preview.messages:
        when = local_text(preview.sent_at, zone)
        print(_("Versand: {time}").format(time=when) if when else _("Versand: kein Lauf geplant."))
        _print_messages(preview, texts=texts)
    if preview.others:
        rows = ((_start(line), line.patient, line.sentence, line.advice) for line in preview.others)
        print_rows((_("Termin"), _("Patient"), _("Nicht, weil"), _("Was tun")), rows)
    for charged in preview.mandants:
        print(_charge(charged))
    print()


def _heading(preview: Preview) -> str:
    sent, others = len(preview.messages), len(preview.others)
    counts = _("{sent} würden gesendet, {others} nicht").format(sent=sent, others=others)
    if preview.window is None:
        return _("Geburtstagsglückwünsche am {day}: {counts}").format(day=format_date(preview.day), counts=counts)
    first, last = preview.window.first, preview.window.last
    span = format_date(first) if first == last else f"{format_date(first)}–{format_date(last)}"
    heading = _("Terminerinnerungen am {day} für Termine am {span}: {counts}").format(
        day=format_date(preview.day), span=span, counts=counts
    )
    return f"{heading}\n{made_up_words(preview.made_up)}".strip()


def _print_messages(preview: Preview, *, texts: bool) -> None:
    from tray_agent.messages.words import channel_title, gaps_sentence

    def cells(line: PreviewLine) -> tuple[str, ...]:
        way = channel_title(line.channel) if line.channel else ""
        shown = (_start(line), line.patient, way, line.recipient or "", line.mandant, format_number(line.cost))
        return (*shown, line.text) if texts else shown

    headings = (_("Termin"), _("Patient"), _("Weg"), _("Empfänger"), _("Mandant"), _("Credits"))
    print_rows((*headings, _("Text")) if texts else headings, map(cells, preview.messages))
    if missed := gaps_sentence([line.gaps for line in preview.messages]):
        print(missed)


def _start(line: PreviewLine) -> str:
    from tray_agent.messages.words import new_time_words

    start = format_datetime(line.starts_at) if line.starts_at else ""
    return f"{start} {new_time_words(line.former)}" if line.former else start


def _charge(charged: PreviewMandant) -> str:
    count = ngettext("{count} Mitteilung", "{count} Mitteilungen", charged.messages).format(count=charged.messages)
    sentence = _("{name}: {messages}, {cost} Credits").format(name=charged.name, messages=count, cost=format_number(charged.cost))
    if charged.cost and not charged.has_account:
        return sentence + _("; für diesen Mandanten ist kein SMS-Konto eingerichtet.")
    if charged.balance is None:
        return f"{sentence}."
    sentence += _("; Guthaben {balance}").format(balance=format_number(charged.balance))
    return f"{sentence}." if charged.is_enough else sentence + _(": das reicht nicht, Guthaben aufladen.")


def _as_json(preview: Preview) -> dict[str, Any]:
    return {
        **picked(preview, "kind date=day"),
        "window": picked(preview.window, "first last") if preview.window else None,
        "made_up": list(preview.made_up),
        **picked(preview, "switched_on sent_at"),
        "messages": [
            _line_as_json(line, "channel recipient language subject text segments cost missing gaps moved former")
            for line in preview.messages
        ],
        "not_sent": [_line_as_json(line, "reason sentence advice entry former") for line in preview.others],
        **picked(preview, "reasons cost"),
        "mandants": [
            picked(charged, "mandant=mandant_id name messages cost balance has_account enough=is_enough") for charged in preview.mandants
        ],
    }


def _line_as_json(line: PreviewLine, names: str) -> dict[str, Any]:
    found = picked(line, f"patient_id patient appointment_id starts_at mandant=mandant_id {names}")
    # The practice's wall clock: of no zone.
    return found | {name: when and when.isoformat() for name, when in (("starts_at", line.starts_at), ("former", line.former))}
