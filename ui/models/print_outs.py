"""What is printed: lists and letters as HTML for a text document; nothing here knows a printer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING

from tray_agent.config.machine import PracticeSection
from tray_agent.i18n import N_, _, current_language, format_date, format_time, in_language, normal_language
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.keys import former_in, start_in
from tray_agent.messages.outbox.model import CallEntry, OutboxMessage
from tray_agent.messages.outbox.states import NEVER_LEFT
from tray_agent.messages.words import why_words
from tray_agent.practice.model import Patient
from tray_agent.protocol.model import ActivityRow
from tray_agent.protocol.titles import level_title
from tray_agent.tray.in_windows import in_windows
from ui.models.activity import about_text, kind_text
from ui.models.calls import phones_of
from ui.models.preview import appointment_text as preview_time
from ui.models.preview import channel_text, outcome_word, text_or_reason
from ui.models.words import local_text

if TYPE_CHECKING:
    from tray_agent.messages.work.preview import PreviewLine

_LINE = "<span style='color:#808080'>" + ". " * 26 + "</span>"
"""A line to write on by hand, or to stick a label over."""

_SUBJECT = N_("Terminerinnerung")
_MOVED_SUBJECT = N_("Terminverschiebung")
_GREETING = N_("Guten Tag")
_REMINDING = N_("Gerne erinnern wir Sie an Ihren Termin {when}.")
_MOVED = N_("Ihr Termin wurde verschoben. Er findet neu {when} statt; der bisherige {former} gilt nicht mehr.")
_WHEN = N_("am {date} um {time} Uhr")
_CALL = N_("Falls Sie verhindert sind, rufen Sie uns bitte an: {phone}.")
_CLOSING = N_("Freundliche Grüsse")


@dataclass(frozen=True, slots=True)
class PrintOut:
    """Something to be printed.

    Attributes:
        title: the document's name, also of its file.
        html: the document.
        numbered: whether its pages bear numbers; letters to several people do not.
    """

    title: str
    html: str
    numbered: bool = True


def activity_list(tab: str, rows: Sequence[ActivityRow], zone: tzinfo, now: datetime, *, more: bool) -> PrintOut:
    """Returns the list of a tab as it is filtered.

    Args:
        tab: the tab's name.
        rows: what is printed.
        zone: the practice's time zone.
        now: when it is printed (aware).
        more: whether the list goes on beyond ``rows``.
    """
    title = _("Protokoll Aktivitäten/Fehler: {tab}").format(tab=tab)
    titles = (_("Zeit"), _("Stufe"), _("Was geschah"), _("Betrifft"), _("Arbeitsplatz"))
    cells = ((local_text(row.at, zone), level_title(row.level), row.sentence, about_text(row), row.workstation) for row in rows)
    note = _("Gedruckt sind die ersten {number} Einträge; die Liste geht weiter.").format(number=len(rows)) if more else ""
    return _list(title, _printed(now, zone), titles, (14, 13, 41, 15, 17), cells, note)


def call_list(entries: Sequence[CallEntry], zone: tzinfo, now: datetime) -> PrintOut:
    """Returns the list of those who are still to be called, with a box to tick on paper and room for a note: one page for a day."""
    title = _("Anrufliste")
    titles = ("☐", _("Termin"), _("Patient"), _("Telefon"), _("Grund"), _("Notiz"))
    cells = (_call_cells(one, zone) for one in entries)
    return _list(title, _printed(now, zone), titles, (4, 19, 26, 16, 21, 14), cells)


def _call_cells(entry: CallEntry, zone: tzinfo) -> tuple[str, ...]:
    message = entry.message
    born = _("{name}, geb. {date}").format(name=message.patient_name, date=format_date(entry.birth_date)) if entry.birth_date else ""
    numbers = ", ".join(phone.digits for phone in phones_of(entry)) or _("keine Nummer")
    return "☐", local_text(message.appointment_at, zone), born or message.patient_name, numbers, why_words(entry)[0], message.note or ""


def doubt_list(messages: Sequence[OutboxMessage], zone: tzinfo, now: datetime) -> PrintOut:
    """Returns the list of messages in doubt, to ask the patients by telephone, with a column to note what they say."""
    title = _("Mitteilungen in der Schwebe")
    titles = (_("Patient"), _("Mitteilung"), _("An"), _("Gesendet um"), _("Termin"), _("Angekommen?"))
    times = ((message, local_text(message.sending_at, zone), local_text(message.appointment_at, zone)) for message in messages)
    cells = (
        (message.patient_name, kind_text(message), message.recipient or "", sent_at, appointment_at, _("☐ ja  ☐ nein"))
        for message, sent_at, appointment_at in times
    )
    return _list(title, _printed(now, zone), titles, (16, 22, 17, 13, 14, 18), cells)


def preview_list(heading: str, warnings: Sequence[str], lines: Sequence[PreviewLine], zone: tzinfo, now: datetime) -> PrintOut:
    """Returns the preview of a day as it is filtered.

    Args:
        heading: how many get what, in a sentence.
        warnings: what keeps messages from going out.
        lines: what is printed.
        zone: the practice's time zone.
        now: when it is printed (aware).
    """
    title = _("Vorschau")
    titles = (_("Termin"), _("Patient"), _("Ergebnis"), _("Kanal"), _("Empfänger"), _("Text oder Grund"))
    cells = (
        (preview_time(line), line.patient, outcome_word(line), channel_text(line), line.recipient or "–", text_or_reason(line))
        for line in lines
    )
    introduction = " ".join((heading, *warnings, _printed(now, zone)))
    return _list(title, introduction, titles, (15, 16, 15, 9, 18, 27), cells)


def letters(
    entries: Sequence[CallEntry], patients: Mapping[str, Patient], sender: PracticeSection, zone: tzinfo, now: datetime
) -> PrintOut:
    """Returns a letter for each patient, each on a page of its own; nothing in it says more than place and time."""
    pages = (_letter(entry, patients.get(entry.message.patient_id), sender, zone, now) for entry in entries)
    body = "".join(_begin_page(page) if number else page for number, page in enumerate(pages))
    return PrintOut(_("Terminerinnerungen (Briefe)"), f"<html><body style='font-size:11pt'>{body}</body></html>", numbered=False)


def _begin_page(letter: str) -> str:
    """Has the first paragraph of a letter begin a page; a text document breaks pages only before or after paragraphs."""
    return letter.replace("<p>", "<p style='page-break-before:always'>", 1)


def _letter(entry: CallEntry, patient: Patient | None, sender: PracticeSection, zone: tzinfo, now: datetime) -> str:
    """Returns a letter, in the patient's language where the product has it, else in that of the practice."""
    message = entry.message
    language = (normal_language(patient.language) if patient else None) or current_language()
    head = "<br>".join(escape(line) for line in (sender.name, sender.phone) if line)
    name = f"{patient.salutation or ''} {patient.first_name} {patient.last_name}".strip() if patient else message.patient_name
    start = message.appointment_at.astimezone(zone).replace(tzinfo=None) if message.appointment_at else None
    former = _believed(message, start)
    paragraphs = (*_letter_paragraphs(start, former, sender, language), sender.name)
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs if paragraph)
    spacing = "<p>&nbsp;</p><p>&nbsp;</p>"
    address = f"<br>{_LINE}<br>{_LINE}"  # for street and town, which the practice's data do not have
    subject = f"<p><b>{escape(in_language(language, _MOVED_SUBJECT if former else _SUBJECT))}</b></p>"
    day = f"<p>{escape(format_date(now.astimezone(zone)))}</p>"
    return f"<p>{head}</p>{spacing}<p>{escape(name)}{address}</p>{spacing}{day}{subject}{body}"


def _believed(message: OutboxMessage, start: datetime | None) -> datetime | None:
    """Returns the time that a patient may believe in, where the appointment has another one: local wall clock, naive."""
    if message.state in (*NEVER_LEFT, MessageState.FAILED):
        return former_in(message.unique_key)
    told = start_in(message.unique_key)
    return told if told != start else former_in(message.unique_key)


def _letter_paragraphs(start: datetime | None, former: datetime | None, sender: PracticeSection, language: str) -> tuple[str, ...]:
    told = in_language(language, _MOVED if former else _REMINDING).format(when=_when(start, language), former=_when(former, language))
    call = in_language(language, _CALL).format(phone=sender.phone) if sender.phone else ""
    return in_language(language, _GREETING), told, call, in_language(language, _CLOSING)


def _when(local: datetime | None, language: str) -> str:
    return in_language(language, _WHEN).format(date=format_date(local), time=format_time(local)) if local else ""


def _list(
    title: str, introduction: str, titles: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]], note: str = ""
) -> PrintOut:
    """Returns a list as a table below a title and a sentence; ``widths`` of its columns in percent."""
    head = "".join(f"<th width='{width}%'>{escape(title)}</th>" for title, width in zip(titles, widths, strict=True))
    body = "".join(f"<tr>{''.join(f'<td>{escape(in_windows(cell))}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table border='1' cellspacing='0' width='100%' style='border-collapse:collapse'><thead><tr>{head}</tr></thead>{body}</table>"
    after = f"<p>{escape(note)}</p>" if note else ""
    style = "<style>td, th {padding: 3px 6px; font-size: 9pt} th {text-align: left}</style>"
    page = f"<h2>{escape(title)}</h2><p>{escape(introduction)}</p>{table}{after}"
    return PrintOut(title, f"<html><head>{style}</head><body>{page}</body></html>")


def _printed(now: datetime, zone: tzinfo) -> str:
    return _("Gedruckt am {time}").format(time=local_text(now, zone))
