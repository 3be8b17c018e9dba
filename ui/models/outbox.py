"""The window *Versand-Queue*: what each message says of itself, and by what one filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from tray_agent.i18n import N_, _, format_date, format_datetime, ngettext
from tray_agent.messages.model import Channel, MessageKind, MessageState, Standing
from tray_agent.messages.outbox.keys import former_in
from tray_agent.messages.outbox.model import Fate, OutboxFilter, OutboxMessage, Span
from tray_agent.messages.words import channel_title, kind_title, state_title
from ui.models.credits import segments_text
from ui.models.words import local_text

CAN_BE_CANCELLED = frozenset({MessageState.PREPARED})
"""Not sent yet, and certainly not under way."""


@dataclass(frozen=True, slots=True)
class View:
    """One choice of the filter *Anzeigen*: its name (a source text) and the states it shows; none: all.

    Attributes:
        only: which rows another window wants to see, and no others.
    """

    title: str
    states: frozenset[MessageState]
    only: OutboxFilter | None = None


VIEWS = (
    View(N_("Alle"), frozenset()),
    View(N_("Noch zu senden"), frozenset({MessageState.PREPARED, MessageState.SENDING})),
    View(N_("Unterwegs"), frozenset({MessageState.SUBMITTED, MessageState.BUFFERED})),
    View(N_("Zugestellt"), frozenset({MessageState.DELIVERED})),
    View(N_("Nicht angekommen"), frozenset({MessageState.FAILED, MessageState.ERROR, MessageState.UNKNOWN})),
    View(N_("In der Schwebe"), frozenset({MessageState.IN_DOUBT})),
    View(N_("Storniert"), frozenset({MessageState.CANCELLED})),
)
"""The choices of the filter, in the order shown."""


def filter_of(view: View, kind: MessageKind | None, patient: str) -> OutboxFilter:
    """Returns what the list shows."""
    if view.only is not None:
        kinds = view.only.kinds & {kind} if kind and view.only.kinds else frozenset({kind}) if kind else view.only.kinds
        return replace(view.only, kinds=kinds, patient=patient.strip())
    return OutboxFilter(states=view.states, kinds=frozenset({kind} if kind else ()), patient=patient.strip())


_FATES: Mapping[Fate | None, str] = {
    None: N_("Gesendet {when}"),
    Fate.ARRIVED: N_("Zugestellt, gesendet {when}"),
    Fate.ON_THE_WAY: N_("Unterwegs, gesendet {when}"),
    Fate.MISSED: N_("Nicht angekommen, gesendet {when}"),
    Fate.CALLED: N_("Angerufen, gesendet {when}"),
    Fate.OPEN: N_("Noch offen, gesendet {when}"),
}


def view_of(which: OutboxFilter, zone: ZoneInfo) -> View:
    """Returns the choice of *Anzeigen* that shows exactly what another window asks for."""
    if which.handed_over is not None:
        title = _(_FATES[which.fate]).format(when=_span_text(which.handed_over, zone))
    elif which.appointment is not None:
        kept_back = bool(which.states) and which.states <= {MessageState.ERROR, MessageState.CANCELLED}
        text = _("Ohne Mitteilung, Termine {when}") if kept_back else _("Mit Mitteilung, Termine {when}")
        title = text.format(when=_span_text(which.appointment, zone))
    else:
        title = _("Ausgewählte Mitteilungen")
    return View(title, which.states, which)


def _span_text(span: Span, zone: ZoneInfo) -> str:
    first, last = span.since.astimezone(zone).date(), (span.until.astimezone(zone) - timedelta(minutes=1)).date()
    if first == last:
        return _("am {day}").format(day=format_date(first))
    return _("vom {first} bis {last}").format(first=format_date(first), last=format_date(last))


def why_empty(which: OutboxFilter) -> str:
    """Returns what the empty list says under a filter."""
    if which != OutboxFilter():
        return _("Keine Mitteilung passt zu Register, Art und Suche.")
    return _("Hier steht noch nichts. Die Aufträge «aufbereiten» füllen die Versand-Queue nach ihrem Zeitplan.")


def channel_word(message: OutboxMessage) -> str:
    """Returns the word for the channel, or a dash where the message got none."""
    return channel_title(message.channel) if message.channel else "–"


def details_of(message: OutboxMessage, zone: ZoneInfo) -> tuple[str, tuple[str, ...]]:
    """Returns the title and the paragraphs that are told about a message."""
    title = _("{kind} an {patient}").format(kind=kind_title(message.kind), patient=message.patient_name)
    return title, tuple(
        part
        for part in (_what(message), message.sentence, _standing(message), _when(message, zone), _cost(message), _text(message))
        if part
    )


def _what(message: OutboxMessage) -> str:
    if message.recipient is None:
        return state_title(message.state)
    return _("{state}: {channel} an {recipient}").format(
        state=state_title(message.state), channel=channel_word(message), recipient=message.recipient
    )


def _standing(message: OutboxMessage) -> str:
    """Returns what the agenda says of a message since it was prepared; "" where all is as it tells."""
    return _("In der Agenda: {standing}.").format(standing=message.standing.text) if message.standing is not Standing.AS_TOLD else ""


def _when(message: OutboxMessage, zone: ZoneInfo) -> str:
    parts = [_("Aufbereitet am {when}").format(when=local_text(message.prepared_at, zone))]
    if message.submitted_at:
        parts.append(_("gesendet am {when}").format(when=local_text(message.submitted_at, zone)))
    if message.appointment_at:
        parts.append(_("Termin am {when}").format(when=local_text(message.appointment_at, zone)))
    if former := former_in(message.unique_key):
        parts.append(_("dem Patienten mitgeteilt war {former}").format(former=format_datetime(former)))
    return ", ".join(parts) + "."


def _cost(message: OutboxMessage) -> str:
    return segments_text(message.segments, message.cost) if message.channel is Channel.SMS and message.segments else ""


def _text(message: OutboxMessage) -> str:
    return "\n".join(part for part in (message.subject, message.text) if part)


def can_be_decided(message: OutboxMessage | None) -> bool:
    """Returns whether nobody knows if a message left: then a person decides."""
    return message is not None and message.state is MessageState.IN_DOUBT


def cancel_question(messages: tuple[OutboxMessage, ...]) -> tuple[str, str]:
    """Returns the question before messages are cancelled, and what that means."""
    question = ngettext("{number} Mitteilung stornieren?", "{number} Mitteilungen stornieren?", len(messages)).format(number=len(messages))
    return question, _("Sie wird nicht gesendet und nicht noch einmal aufbereitet. Der Patient muss anders erinnert werden.")


def not_sent(message: OutboxMessage, zone: ZoneInfo) -> str:
    """Returns what a cancelled message means for its patient."""
    if message.appointment_at is None:
        return _("{patient} erhält diese Mitteilung nicht.").format(patient=message.patient_name)
    when = local_text(message.appointment_at, zone)
    if former := former_in(message.unique_key):
        text = _("{patient} erfährt die neue Zeit {when} nicht und weiss nur von {former}: anders mitteilen.")
        return text.format(patient=message.patient_name, when=when, former=format_datetime(former))
    text = _("{patient} wird an den Termin vom {when} nicht erinnert: anders erinnern, wenn nötig.")
    return text.format(patient=message.patient_name, when=when)
