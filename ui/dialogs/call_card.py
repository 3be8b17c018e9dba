"""The card of the chosen person on the call list: the number to dial, the appointment, why no message arrived, a note, what to do."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QFont, QFontMetrics, QGuiApplication, QKeyEvent, QPalette, QResizeEvent
from PyQt6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from tray_agent.i18n import _
from tray_agent.messages.outbox.model import LONGEST_NOTE
from tray_agent.messages.words import name_in
from ui.look.icons import Status, icon
from ui.look.scale import Type, font, u
from ui.models.calls import CallRow, CallSign
from ui.widgets.card import Card, line
from ui.widgets.controls import allow
from ui.widgets.layout import button, clear, column, held, row, scrolling
from ui.widgets.links import Link
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.picture import Picture

SIGNS = {
    CallSign.DONE: Status.SUCCESS,
    CallSign.TROUBLE: Status.ERROR,
    CallSign.ASKS: Status.WARNING,
    CallSign.DOUBT: Status.DOUBT,
    CallSign.WAITS: Status.WAITING,
    CallSign.PLANNED: Status.SKIPPED,
}
"""The picture of each sign."""

_PICTURE = 18

_SIZES = (Type.DIAL, Type.BIG, Type.TITLE, Type.CARD)
"""The sizes in which a number to dial may be written, the first that fits."""


class DialLabel(QLabel):
    """A number to dial, as large as fits, to be copied by mouse and keys."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: tuple[Type, ...] = _SIZES
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFont(font(Type.DIAL, strong=True))

    def show_number(self, number: str, *, is_one: bool) -> None:
        """Shows a number, or quietly that there is none."""
        self._sizes = _SIZES if is_one else (Type.TITLE,)
        self.setForegroundRole(QPalette.ColorRole.WindowText if is_one else QPalette.ColorRole.PlaceholderText)
        self.setText(number)
        self._fit()

    def sizeHint(self) -> QSize:
        """Returns the room of the largest size: nothing below moves when another is shown."""
        return QSize(0, QFontMetrics(font(Type.DIAL, strong=True)).height())

    def minimumSizeHint(self) -> QSize:
        """Returns the same."""
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Writes it as large as fits now."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fitting = (made for made in (font(size, strong=True) for size in self._sizes) if self._fits(made))
        self.setFont(next(fitting, font(Type.TEXT, strong=True)))

    def _fits(self, made: QFont) -> bool:
        return QFontMetrics(made).horizontalAdvance(self.text()) <= self.width()


class NoteLine(QLineEdit):
    """The field of the note: saved with Enter, and when it is left.

    Attributes:
        saved: the person is done with it.
    """

    saved = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setMaxLength(LONGEST_NOTE)
        self.setPlaceholderText(_("Notiz, z. B. ruft zurück"))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Keeps Enter here: it saves the note, and ticks nobody off."""
        super().keyPressEvent(event)
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.saved.emit()
            event.accept()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Saves where the keyboard goes elsewhere in the window."""
        super().focusOutEvent(event)
        if event is not None and event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self.saved.emit()


class CallCard(Card):
    """The right side of the window.

    Args:
        done: ticks the chosen person off, or takes that back.
        unreached: notes a call in vain.

    Attributes:
        row: whom it shows, or None.
        note: the field of the note.
    """

    def __init__(self, done: Callable[[], object], unreached: Callable[[], object]) -> None:
        super().__init__()
        self.row: CallRow | None = None
        self.name = plain_label(size=Type.NUMBER, bold=True)
        self.about = soft_label(size=Type.HINT, wrap=True)
        self.number = DialLabel()
        self.number.setAccessibleName(_("Telefonnummer"))
        self.kind = soft_label(size=Type.HINT)
        self.copy_link = Link(_("Nummer &kopieren"), self.copy_number)
        self.others = plain_label()
        self.facts = QGridLayout()
        self.facts.setColumnStretch(1, 1)
        self.facts.setHorizontalSpacing(u(16))
        self.facts.setVerticalSpacing(u(4))
        self.picture = Picture(size=_PICTURE)
        self.title = plain_label(bold=True)
        self.sentence = soft_label(size=Type.HINT, wrap=True)
        self.note = NoteLine()
        self.note_title = plain_label(_("Notiz"), bold=True)
        self.note_title.setBuddy(self.note)
        self.note.setAccessibleName(_("Notiz"))
        self.noted = soft_label(wrap=True)
        self.done_button = button(_("&Erledigt"), done)
        self.done_button.setDefault(True)
        self.unreached_button = button(_("&Nicht erreicht"), unreached, picture="phone-off")
        self._lay_out()
        self.show_row(None)

    def _lay_out(self) -> None:
        why = row((self.picture, Qt.AlignmentFlag.AlignTop), (column(self.title, self.sentence, spacing=2), 1), spacing=10)
        dial = column(self.number, row((self.kind, 1), self.copy_link), self.others, spacing=4)
        noted = column(self.note_title, self.note, self.noted, spacing=6)
        told = column(column(self.name, self.about, spacing=2), dial, line(), self.facts, line(), why, noted, None, spacing=12)
        area = scrolling(held(told))  # a long sentence scrolls; what is pressed stays where it is
        shown = column((area, 1), row(self.done_button, self.unreached_button, None), spacing=12)
        self.nobody = soft_label(size=Type.TEXT, wrap=True, text=_("Wählen Sie in der Liste, wen Sie anrufen."))
        self.shown: QWidget = held(shown)
        self.body.setContentsMargins(u(18), u(16), u(18), u(14))
        self.body.addWidget(self.nobody, 1, Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self.shown, 1)

    def show_row(self, shown: CallRow | None, note: str = "", *, can_choose: bool = False) -> None:
        """Shows a person, or nobody; what is half typed into the note stays.

        Args:
            shown: whom.
            note: what stands in the field.
            can_choose: whether there is somebody to choose.
        """
        is_other = shown is None or self.row is None or self.row.key != shown.key
        self.row = shown
        self.nobody.setVisible(shown is None and can_choose)
        self.shown.setVisible(shown is not None)
        if shown is None:
            return
        number, kind = shown.phone_words
        self.name.setText(shown.name)
        self.about.setText(shown.about)
        self.number.show_number(number, is_one=shown.phone is not None)
        self.kind.setText(kind)
        self.copy_link.setVisible(shown.phone is not None)
        others = [f"{phone.digits} ({phone.kind})" for phone in shown.phones[1:]]
        self.others.setText("\n".join(others))
        self.others.setVisible(bool(others))
        self._show_facts(shown)
        self._show_why(shown)
        if is_other or (note != self.note.text() and not self.note.hasFocus()):
            self.note.setText(note)
        self._show_acts(shown)

    def _show_facts(self, shown: CallRow) -> None:
        clear(self.facts)
        for place, (title, value) in enumerate(shown.facts):
            words, said = soft_label(title, size=Type.TEXT), plain_label(value)
            self.facts.addWidget(words, place, 0, Qt.AlignmentFlag.AlignTop)
            self.facts.addWidget(said, place, 1, Qt.AlignmentFlag.AlignTop)

    def _show_why(self, shown: CallRow) -> None:
        title, sentence = shown.reason
        self.picture.show_picture(SIGNS[shown.sign])
        if shown.is_done:
            title, sentence = shown.done[:1].upper() + shown.done[1:] or shown.why[0], ""
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))

    def _show_acts(self, shown: CallRow) -> None:
        message = shown.entry.message
        other = message.note and self.note.text() != message.note  # something else is half typed
        words = _("Gespeichert von {who}: {note}") if other else _("Notiz von {who}")
        by = words.format(who=name_in(message.noted_by), note=message.note) if message.note and message.noted_by else ""
        tried = shown.unreached[:1].upper() + shown.unreached[1:]
        said = " · ".join(part for part in (by, tried) if part)
        self.noted.setText(said)
        self.noted.setVisible(bool(said))
        is_ticked = shown.entry.is_done
        self.done_button.setText(_("Wieder &offen") if is_ticked else _("&Erledigt"))
        self.done_button.setIcon(icon("arrow-back-up" if is_ticked else "check"))
        allow(self.done_button, possible=not shown.is_gone, reason=_("Hier ist niemand mehr anzurufen."))
        self.unreached_button.setVisible(not shown.is_done)

    def copy_number(self) -> None:
        """Copies the number, for a telephone on the screen."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self.row is not None and self.row.phone is not None:
            clipboard.setText(self.row.phone.digits)
