"""The window *Anrufliste*: which rows its tabs hold and what they say, what is looked for, what can be taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from enum import Enum

from tray_agent.i18n import N_, _, current_language, format_date, format_time, locale_of, ngettext, normal_language
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import CallEntry, Calls, OutboxReason
from tray_agent.messages.rules.contacts import NumberKind, PhoneFault, PhoneNumber, read_phone
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.words import by_words, channel_title, done_words, sent_words, unreached_words, why_words
from tray_agent.search_keys import find_key
from ui.models.schedule import weekday_short
from ui.models.words import LANGUAGE_NAMES, language_name


class CallTab(Enum):
    """The tabs."""

    OPEN = "open"
    TODAY = "today"
    ALL = "all"


class CallSign(Enum):
    """What a row's picture tells; trouble is only what did not arrive."""

    DONE = "done"
    TROUBLE = "trouble"
    ASKS = "asks"
    """Somebody has to put something right, too."""

    DOUBT = "doubt"
    WAITS = "waits"
    PLANNED = "planned"
    """It is as it was meant: a patient who wants none, or has no mobile number."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A number to dial.

    Attributes:
        digits: as the practice typed it, without the words beside.
        kind: *Mobil*, *Festnetz*, or what keeps it from being dialled blindly.
    """

    digits: str
    kind: str


@dataclass(frozen=True, slots=True)
class CallRow:
    """A row of the window.

    Attributes:
        entry: what is known.
        phones: the numbers, the one to dial first.
        is_gone: it was open when the tab was opened, and nobody is to be called any more though nobody ticked it off.
        now, zone: when and where it is read.
    """

    entry: CallEntry
    phones: tuple[Phone, ...]
    is_gone: bool
    now: datetime
    zone: tzinfo

    @property
    def key(self) -> int:
        """Returns what tells it from all others: the message's number."""
        return self.entry.message.id

    @property
    def is_done(self) -> bool:
        """Returns whether it is struck through."""
        return self.entry.is_done or self.is_gone

    @property
    def start(self) -> datetime | None:
        """Returns when the appointment begins, local, or None."""
        at = self.entry.message.appointment_at
        return at.astimezone(self.zone) if at else None

    @property
    def time(self) -> str:
        """Returns the time of the appointment: "08:30"."""
        return format_time(self.start) if self.start else "–"

    @property
    def day(self) -> str:
        """Returns its day: "Di 24.11."."""
        return f"{weekday_short(self.start)} {self.start:%d.%m.}" if self.start else ""

    @property
    def name(self) -> str:
        """Returns the patient's name."""
        return self.entry.message.patient_name

    @property
    def born(self) -> str:
        """Returns the day of birth and the age: "geb. 05.11.1988 · 38 J."; "" where nobody knows."""
        return self._born(_("{age} J."))

    @property
    def about(self) -> str:
        """Returns day of birth, age and number in the practice: "geb. 05.11.1988 · 38 Jahre · Nr. 10482"."""
        born = self._born(ngettext("{age} Jahr", "{age} Jahre", self._age or 0))
        number = _("Nr. {number}").format(number=self.entry.message.patient_id)
        return f"{born} · {number}" if born else number

    def _born(self, years: str) -> str:
        if self.entry.birth_date is None or self._age is None:
            return ""
        day = _("geb. {date}").format(date=format_date(self.entry.birth_date))
        return f"{day} · {years.format(age=self._age)}"

    @property
    def _age(self) -> int | None:
        born, today = self.entry.birth_date, self.now.astimezone(self.zone).date()
        return None if born is None else today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    @property
    def phone(self) -> Phone | None:
        """Returns the number to dial."""
        return self.phones[0] if self.phones else None

    @property
    def phone_words(self) -> tuple[str, str]:
        """Returns the number and its kind, or that there is none and what to do then."""
        if self.phone is not None:
            return self.phone.digits, self.phone.kind
        if not self.entry.is_known:
            return _("nicht lesbar"), ""
        return _("keine Nummer"), _("Brief oder E-Mail")

    @property
    def sign(self) -> CallSign:
        """Returns what its picture tells."""
        message, reason = self.entry.message, self.entry.reason
        if self.is_done:
            return CallSign.DONE
        if message.state in _BY_STATE:
            return _BY_STATE[message.state]
        return CallSign.PLANNED if reason in _PLANNED else CallSign.ASKS

    @property
    def why(self) -> tuple[str, str]:
        """Returns what stands under *Grund*: why somebody is to be called, or that it is done and by whom."""
        if self.entry.is_done:
            message = self.entry.message
            return _("erledigt"), by_words(message.ticked_by, message.ticked_at or self.now, self.zone, self.now)
        if self.is_gone:
            return _("nicht mehr nötig"), ""
        what, more = why_words(self.entry)
        message, noted = self.entry.message, self.entry.message.note or ""
        if message.unreached and message.unreached_at:
            when = by_words(None, message.unreached_at, self.zone, self.now)
            tried = ngettext("nicht erreicht {when}", "{number}-mal nicht erreicht, {when}", message.unreached)
            noted = " · ".join(part for part in (tried.format(number=message.unreached, when=when), noted) if part)
        return what, noted or more

    @property
    def unreached(self) -> str:
        """Returns how often somebody called in vain."""
        return unreached_words(self.entry.message, self.zone, self.now)

    @property
    def done(self) -> str:
        """Returns that it is done, by whom and when."""
        return done_words(self.entry.message, self.zone, self.now) if self.entry.is_done else ""

    @property
    def reason(self) -> tuple[str, str]:
        """Returns what the card says of why no message arrived: in few words, and in full."""
        what, more = why_words(self.entry)
        message = self.entry.message
        if message.state is not MessageState.FAILED or message.channel is None:
            return what[:1].upper() + what[1:], self.entry.sentence
        title = _("{channel} nicht angekommen").format(channel=channel_title(message.channel))
        sent = sent_words(message, self.zone, self.now)
        return title, f"{sent} {more}.".strip() if more else f"{sent} {self.entry.sentence}".strip()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Returns what the card says of the appointment: title and value."""
        start, language = self.start, normal_language(self.entry.language)
        when = f"{_day_in_words(start)}, {format_time(start)}" if start else ""
        spoken = language_name(language) if language in LANGUAGE_NAMES else self.entry.language or ""
        facts = ((_("Termin"), when), (_("Bei"), self.entry.doctor or ""), (_("Sprache"), spoken))
        return tuple((title, value) for title, value in facts if value)

    @property
    def said(self) -> str:
        """Returns the row as a screen reader says it."""
        return ", ".join(part for part in (self.name, self.time, self.day, *self.phone_words, *self.why) if part)


def _day_in_words(day: date) -> str:
    """Returns a day as it is read out on the telephone: "Dienstag, 24. November"."""
    from babel.dates import format_date as written

    locale = locale_of(current_language())
    return str(written(day, locale.date_formats["full"].pattern.replace(" y", ""), locale))


_BY_STATE: Mapping[MessageState, CallSign] = {
    MessageState.PREPARED: CallSign.WAITS,
    MessageState.IN_DOUBT: CallSign.DOUBT,
    MessageState.UNKNOWN: CallSign.DOUBT,
    MessageState.FAILED: CallSign.TROUBLE,
}
_PLANNED = frozenset({Reason.WISH_UNKNOWN, Reason.LANDLINE_ONLY, OutboxReason.REMINDED_OTHERWISE})

_KINDS = {
    NumberKind.MOBILE: N_("Mobil"),
    NumberKind.MOBILE_OR_LANDLINE: N_("Telefon"),
    NumberKind.LANDLINE: N_("Festnetz"),
    NumberKind.OTHER: N_("andere Nummer"),
}
_FAULTS = {PhoneFault.CROSSED_OUT: N_("als ungültig vermerkt")}

_DIGITS = re.compile(r"\+?[\d(][\d\s()./'’\-]*\d")


def phones_of(entry: CallEntry) -> tuple[Phone, ...]:
    """Returns the numbers of an entry, as typed, without the words beside: whose number it is is nobody's business here."""
    return tuple(sorted(filter(None, map(_phone, entry.phones)), key=lambda phone: phone.kind not in _dialled()))


def _phone(typed: str) -> Phone | None:
    found = max(_DIGITS.findall(typed), key=len, default="")
    if sum(character.isdigit() for character in found) < 3:
        return None
    read = read_phone(typed)
    kind = _(_KINDS[read.kind]) if isinstance(read, PhoneNumber) else _(_FAULTS.get(read.fault, N_("Nummer prüfen")))
    return Phone(" ".join(found.split()), kind)


def _dialled() -> frozenset[str]:
    return frozenset(_(kind) for kind in _KINDS.values())


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be taken back: a tick, its contrary, a call in vain.

    Attributes:
        before, after: the entry.
        said: that it happened, for the bar that offers to take it back.
    """

    before: CallEntry
    after: CallEntry
    said: str

    @property
    def is_tick(self) -> bool:
        """Returns whether somebody was ticked off."""
        return self.after.is_done and not self.before.is_done

    @property
    def is_call(self) -> bool:
        """Returns whether it was a call in vain."""
        return self.after.is_done == self.before.is_done


class CallsModel:
    """What the window shows.

    Rows that are done, or of which nobody is to be called any more, stay where they are until a tab is opened anew: nothing moves under
    the mouse.

    Attributes:
        tab: the open one.
        text: what is looked for.
        calls: as read last.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.tab = CallTab.OPEN
        self.text = ""
        self.calls: Calls | None = None
        self._zone = zone
        self._now: datetime | None = None
        self._entries: dict[int, CallEntry] = {}
        self._kept: dict[int, CallEntry] = {}
        self._phones: dict[tuple[str, ...], tuple[Phone, ...]] = {}
        self.notes: dict[int, str] = {}

    def take(self, calls: Calls, now: datetime) -> None:
        """Takes the list as it is now (aware)."""
        self.calls, self._now = calls, now
        self._entries = {entry.message.id: entry for entry in (*calls.open, *calls.done)}
        self._kept |= {entry.message.id: entry for entry in self._of_tab()}

    def put(self, entry: CallEntry, now: datetime) -> None:
        """Takes one entry as it is since somebody did something here (``now`` aware)."""
        if self.calls is None:
            return
        number = entry.message.id
        still = [one for one in self.calls.open if one.message.id != number]
        done = [one for one in self.calls.done if one.message.id != number]
        (done if entry.is_done else still).append(entry)
        self.take(replace(self.calls, open=_sorted(still), done=_sorted(done)), now)

    def open_tab(self, tab: CallTab) -> None:
        """Opens a tab: what was kept in its place is where it belongs now."""
        self.tab = tab
        self._kept = {entry.message.id: entry for entry in self._of_tab()}

    def _of_tab(self) -> Sequence[CallEntry]:
        if self.calls is None:
            return ()
        match self.tab:
            case CallTab.OPEN:
                return self.calls.open
            case CallTab.TODAY:
                return self.calls.done_today
            case CallTab.ALL:
                return (*self.calls.open, *self.calls.done)

    @property
    def rows(self) -> tuple[CallRow, ...]:
        """Returns the rows of the open tab that are looked for, by appointment."""
        entries = _sorted([self._entries.get(number, kept) for number, kept in self._kept.items()])
        rows = map(self._row, entries)
        return tuple(row for row in rows if finds(self.text, row))

    def row(self, number: int) -> CallRow | None:
        """Returns the row of a message, or None."""
        entry = self._entries.get(number, self._kept.get(number))
        return self._row(entry) if entry else None

    def _row(self, entry: CallEntry) -> CallRow:
        phones = self._phones.get(entry.phones)
        if phones is None:
            phones = self._phones[entry.phones] = phones_of(entry)
        is_gone = entry.message.id not in self._entries and not entry.is_done
        assert self._now is not None  # noqa: S101 - entries come with their time
        return CallRow(entry, phones, is_gone, self._now, self._zone)

    def count(self, tab: CallTab) -> int | None:
        """Returns how many a tab holds now; None where that says nothing."""
        if self.calls is None or tab is CallTab.ALL:
            return None
        return len(self.calls.open) if tab is CallTab.OPEN else len(self.calls.done_today)

    @property
    def heading(self) -> str:
        """Returns how many are still to be called: "6 von 7 Patienten sind noch anzurufen. Ein Haken speichert sofort."."""
        if self.calls is None:
            return _("Wird gelesen …")
        still, all_ = len(self.calls.open), len(self.calls.open) + len(self.calls.done_today)
        if not still:
            return _("Alle sind erledigt.") if all_ else _("Wen keine Erinnerung rechtzeitig erreicht, steht hier.")
        text = ngettext(
            "{open} von {number} Patient ist noch anzurufen. Ein Haken speichert sofort.",
            "{open} von {number} Patienten sind noch anzurufen. Ein Haken speichert sofort.",
            all_,
        )
        return text.format(open=still, number=all_)

    @property
    def is_all_done(self) -> bool:
        """Returns whether nothing is left to do, so that an empty list is good news."""
        return self.tab is not CallTab.TODAY and not self.text.strip()

    @property
    def empty(self) -> tuple[str, str]:
        """Returns what stands in a tab without rows: a title and a sentence."""
        if self.text.strip():
            return _("Niemand gefunden"), _("Kein Name, kein Geburtsdatum und keine Nummer passt zu «{text}».").format(
                text=self.text.strip()
            )
        if self.tab is CallTab.TODAY:
            return _("Heute ist noch nichts erledigt"), _("Wer abgehakt wird, steht hier bis Mitternacht.")
        title = _("Niemand ist anzurufen")
        return title, _("Jede Erinnerung kam an, ist unterwegs oder wird rechtzeitig gesendet.")

    def note_of(self, row: CallRow) -> str:
        """Returns what stands in the field of the note: what is half typed, else what is saved."""
        return self.notes.get(row.key, row.entry.message.note or "")

    def type_note(self, row: CallRow, text: str) -> None:
        """Keeps what is being typed until it is saved, whatever is read meanwhile."""
        if text == (row.entry.message.note or ""):
            self.notes.pop(row.key, None)
        else:
            self.notes[row.key] = text


def finds(text: str, row: CallRow) -> bool:
    """Returns whether what a person typed is found in a row: in the name, the day of birth or a number."""
    typed = text.strip()
    digits = "".join(character for character in typed if character.isdigit())
    if digits and not any(character.isalpha() for character in typed):
        born = row.entry.birth_date
        return any(_national(digits) in _national(_only_digits(phone)) for phone in row.entry.phones) or (
            born is not None and _is_born(typed, born)
        )
    return all(word in find_key(row.name) for word in find_key(typed).split())


def _only_digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _national(digits: str) -> str:
    """Returns a Swiss number as it is dialled at home, so that +41 79, 0041 79 and 079 find each other."""
    for code in ("0041", "41"):
        if digits.startswith(code) and len(digits) > 4:
            return "0" + digits[len(code) :].lstrip("0")
    return digits


def _is_born(typed: str, born: date) -> bool:
    parts = [part for part in re.split(r"\D+", typed) if part]
    written = (born.day, born.month, born.year)
    if len(parts) == 1 and len(parts[0]) in (4, 6, 8):
        return parts[0] in (f"{born:%Y}", f"{born:%d%m%Y}", f"{born:%d%m%y}")
    pairs = zip(parts, written, strict=False)
    return 1 < len(parts) <= 3 and all(
        int(part) == value or (value > 99 and int(part) == value % 100 and len(part) == 2) for part, value in pairs
    )


def _sorted(entries: Sequence[CallEntry]) -> list[CallEntry]:
    return sorted(entries, key=lambda entry: (entry.message.appointment_at or entry.message.expires_at, entry.message.id))
