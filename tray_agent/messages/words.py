"""The words of the outbox for people: states, kinds and channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from tray_agent.i18n import _, format_date, format_number, join_words, ngettext
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox.model import CallEntry, Waiting
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
