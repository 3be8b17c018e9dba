"""The words of the outbox for people: states, kinds and channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo

from tray_agent.i18n import N_, _, format_date, format_number, format_time, join_words, ngettext
from tray_agent.messages.gateways.aspsms_reasons import REASONS
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox.model import CallEntry, OutboxMessage, OutboxReason, Waiting
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.texts.rendering import Placeholder


def state_title(state: MessageState) -> str:
    """Returns the word for a message's state in the language in force."""
    return state.text


def kind_title(kind: MessageKind) -> str:
    """Returns the word for a message's kind in the language in force."""
    return kind.text


def channel_title(channel: Channel) -> str:
    """Returns the word for a channel in the language in force."""
    return channel.text


def new_time_words(former: datetime) -> str:
    """Returns that a message tells a new time, and instead of which: "Neue Zeit (bisher 24.11. 09:00)".

    Args:
        former: local wall clock of the practice.
    """
    return _("Neue Zeit (bisher {former})").format(former=former.strftime("%d.%m. %H:%M"))


def gaps_sentence(texts: Sequence[Sequence[Placeholder]]) -> str:
    """Returns in how many texts a value is missed within its sentence, and which, by what is missed in each; "" where in none."""
    missed = [gaps for gaps in texts if gaps]
    if not missed:
        return ""
    sentence = ngettext(
        "In {number} Text fehlt mitten im Satz ein Wert ({names}): die Textvorlage oder die Angabe berichtigen.",
        "In {number} Texten fehlt mitten im Satz ein Wert ({names}): die Textvorlage oder die Angabe berichtigen.",
        len(missed),
    )
    names = join_words(sorted({placeholder.written for gaps in missed for placeholder in gaps}))
    return sentence.format(number=format_number(len(missed)), names=names)


def waiting_words(waiting: Waiting) -> str:
    """Returns what waits for sending, without a full stop: "8 Mitteilungen warten, 4 Termine liegen vor dem nächsten Senden"."""
    messages = ngettext("{number} Mitteilung wartet", "{number} Mitteilungen warten", waiting.number).format(number=waiting.number)
    if not waiting.too_late or waiting.next_at is None:  # no next sending that they could lie before
        return messages
    late = ngettext(
        "{number} Termin liegt vor dem nächsten Senden", "{number} Termine liegen vor dem nächsten Senden", waiting.too_late
    ).format(number=waiting.too_late)
    return f"{messages}, {late}"


def made_up_words(days: Sequence[date]) -> str:
    """Returns what is said of the days that a run searches because those who would have done it were missed; "" without any."""
    if not days:
        return ""
    text = _("Auch für Termine am {days}: Die Läufe dafür fanden nicht statt.")
    return text.format(days=join_words([format_date(day) for day in days]))


def with_subject(subject: str, sentence: str) -> str:
    """Returns what a row of the log is about and what it says, with the colon as the language sets it: "Muster Anna: gesendet."."""
    return _("{what}: {said}").format(what=subject, said=sentence)


def sent_title(entry: CallEntry) -> str:
    """Returns whether the message of somebody who is to be called left, or what is known of that."""
    if entry.message.state is MessageState.PREPARED:
        return _("noch nicht gesendet")
    if entry.message.state is MessageState.IN_DOUBT:
        return _("unklar, ob gesendet")
    return _("nicht angekommen") if entry.sent else _("nicht gesendet")


# The call list

_WHY: Mapping[str, tuple[str, str]] = {
    Reason.NO_CONTACT: (N_("keine Nummer"), N_("Auch keine E-Mail hinterlegt")),
    Reason.LANDLINE_ONLY: (N_("keine Mobilnummer"), N_("Nur Festnetz hinterlegt")),
    Reason.CONTACT_INVALID: (N_("Nummer nicht verwendbar"), N_("Nummer oder Adresse berichtigen")),
    Reason.RECIPIENT_REFUSED: (N_("Nummer abgewiesen"), N_("Nummer oder Adresse berichtigen")),
    Reason.WISH_UNKNOWN: (N_("will keine SMS"), ""),
    Reason.CHANNEL_NOT_SET_UP: (N_("Versandweg nicht eingerichtet"), ""),
    Reason.TOLD_ANOTHER_TIME: (N_("andere Zeit mitgeteilt"), N_("Der Termin wurde verschoben")),
    Reason.TOLD_ANOTHER_PATIENT: (N_("noch nicht erinnert"), N_("Der Termin gehörte jemand anderem")),
    Reason.TOLD_ANOTHER_DOCTOR: (N_("anderer Arzt mitgeteilt"), ""),
    Reason.APPOINTMENT_MISSING: (N_("Termin nicht gefunden"), N_("Termin in der Praxissoftware prüfen")),
    Reason.PATIENT_MISSING: (N_("Patient nicht gefunden"), N_("Patient in der Praxissoftware prüfen")),
    Reason.DATA_UNREADABLE: (N_("Angaben nicht lesbar"), ""),
    Reason.START_UNREADABLE: (N_("Beginn nicht lesbar"), N_("Beginn in der Praxissoftware berichtigen")),
    Reason.NO_TIME_OF_DAY: (N_("Termin ohne Uhrzeit"), N_("Uhrzeit in der Praxissoftware eintragen")),
    Reason.VISIT_REASON_UNKNOWN: (N_("Besuchsgrund nicht lesbar"), ""),
    Reason.NO_TEMPLATE: (N_("keine Textvorlage"), ""),
    Reason.NO_CREDITS: (N_("Guthaben aufgebraucht"), ""),
    OutboxReason.NO_CREDITS: (N_("Guthaben aufgebraucht"), ""),
    OutboxReason.NOT_IN_TIME: (N_("nicht rechtzeitig gesendet"), ""),
}
"""Why somebody is on the call list, in the few words that a row has room for: what, and more about it."""


def why_words(entry: CallEntry) -> tuple[str, str]:
    """Returns why somebody is to be called, in a few words, and more about it in a few others, or ""."""
    message = entry.message
    if message.state is MessageState.FAILED and entry.reason == OutboxReason.NOT_DELIVERED:
        return _("nicht angekommen"), _(REASONS[message.reason_code][1]) if message.reason_code in REASONS else ""
    if message.state in (MessageState.PREPARED, MessageState.IN_DOUBT) or entry.reason not in _WHY:
        what = _("unklar, ob angekommen") if message.state is MessageState.UNKNOWN else sent_title(entry)
        return what, entry.sentence if message.state is MessageState.PREPARED else ""
    what, more = _WHY[entry.reason]
    return _(what), _(more) if more else ""


def name_in(who: str) -> str:
    """Returns the person in what records name: "anna" of "anna@EMPFANG"."""
    return who.partition("@")[0].strip() or who


def by_words(who: str | None, at: datetime, zone: tzinfo, now: datetime) -> str:
    """Returns who did something, and when: "von Anna, 10:42"; with the day where that is not today."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    when = format_time(local) if local.date() == today else f"{local:%d.%m.} {format_time(local)}"
    return _("von {who}, {when}").format(who=name_in(who), when=when) if who else when


def done_words(message: OutboxMessage, zone: tzinfo, now: datetime) -> str:
    """Returns that somebody was ticked off the call list, by whom and when: "erledigt von Anna, 10:42"."""
    if message.ticked_at is None:
        return ""
    return _("erledigt {by}").format(by=by_words(message.ticked_by, message.ticked_at, zone, now))


def sent_words(message: OutboxMessage, zone: tzinfo, now: datetime) -> str:
    """Returns when a message was handed over, as a sentence; "" where it was not."""
    if message.sending_at is None:
        return ""
    local, today = message.sending_at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return _("Gesendet heute um {time}.").format(time=format_time(local))
    return _("Gesendet am {day} um {time}.").format(day=format_date(local), time=format_time(local))


def unreached_words(message: OutboxMessage, zone: tzinfo, now: datetime) -> str:
    """Returns how often somebody was called in vain, and who did it last; "" where nobody was."""
    if message.unreached_at is None or not message.unreached:
        return ""
    text = ngettext("nicht erreicht {by}", "{number}-mal nicht erreicht, zuletzt {by}", message.unreached)
    return text.format(number=message.unreached, by=by_words(message.unreached_by, message.unreached_at, zone, now))
