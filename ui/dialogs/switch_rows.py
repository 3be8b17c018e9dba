"""The rows of *Schalter*: question, explanation, section and key at the left, what one changes at the right, all at one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPoint, QRect, QSize, Qt, QTime
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTimeEdit,
    QWidget,
)

from tray_agent.config.settings import Setting, Type, Value, stored_value, unit_text
from tray_agent.i18n import _
from ui.look.drawing import chevron
from ui.look.icons import icon
from ui.look.scale import Type as Letters
from ui.look.scale import font, u
from ui.look.style import QUIET, WRONG
from ui.look.tokens import tokens
from ui.models.settings import SettingsModel, SwitchEntry, chosen_text, default_text
from ui.widgets.card import SIDE, line
from ui.widgets.controls import yes_no_box
from ui.widgets.focus_ring import FocusRing
from ui.widgets.layout import GRID, choose, column, fill_choice, held, row
from ui.widgets.notes import Note, plain_label, soft_label

_ROW, _FOLD, _NUMBER, _TIME, _CHOICE, _UNDO = 65, 38, 128, 84, 200, 32
_LIST = (360, 320)


@dataclass(frozen=True, slots=True)
class Editor:
    """What a switch is changed with, and how it is made to show another value."""

    widget: QWidget
    show: Callable[[Value], object]


class SwitchRow(QWidget):
    """One question with its switches.

    Args:
        entry: which.
        model: takes what is entered.
        changed: called after every change.

    Attributes:
        editors: by switch.
        note: what is wrong with what was entered.
        told: that there is something to save.
        undo: puts the default back; seen only where there is another value.
        divider: the line above the row.
    """

    def __init__(self, entry: SwitchEntry, model: SettingsModel, changed: Callable[[], object]) -> None:
        super().__init__()
        self.entry, self._model, self._changed = entry, model, changed
        self.divider, self.note = line(), Note()
        title = _Question(_(entry.title))
        self.told = plain_label(_("geändert"), bold=False)
        self.told.setForegroundRole(QPalette.ColorRole.Link)
        self._explanation = soft_label(wrap=True)
        address = soft_label(entry.address, size=Letters.SMALL, wrap=True)
        address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.undo = self._undo_button()
        self.editors = {setting: _MAKERS[setting.type](setting, model, self._edit) for setting in entry.switches}
        words = column(row(title, self.told, None), self._explanation, address, spacing=0)
        within = row((words, 1), self.undo, *self._controls(), spacing=GRID, margins=(SIDE, 6, SIDE, 6))
        self.setLayout(column(self.divider, (within, 1), held(row(self.note), (SIDE, 0, SIDE, GRID)), spacing=0, margins=(0, 0, 0, 0)))
        self.setMinimumHeight(u(_ROW))
        self._describe()
        self._show_state()

    def _undo_button(self) -> QPushButton:
        made = QPushButton(self)
        made.setIcon(icon("arrow-back-up", "text"))
        made.setProperty(QUIET, True)
        made.setFixedSize(u(_UNDO), u(_UNDO))
        made.setToolTip(default_text(self.entry))
        made.setAccessibleName(_("{question}: zurück zur Vorgabe").format(question=_(self.entry.title)))
        made.setAccessibleDescription(default_text(self.entry))
        made.clicked.connect(lambda _checked: self.put_default())
        return made

    def _controls(self) -> list[QWidget]:
        made = [editor.widget for editor in self.editors.values()]
        return made if len(made) == 1 else [made[0], plain_label(_("bis")), made[1]]

    def _describe(self) -> None:
        for setting, editor in self.editors.items():
            question = _(self.entry.title)
            several = len(self.editors) > 1
            editor.widget.setObjectName(setting.address)
            editor.widget.setAccessibleName(f"{question} ({setting.name})" if several else question)
            editor.widget.setAccessibleDescription(f"{self.entry.explanation} {self.entry.address}")

    def _edit(self, setting: Setting, text: str) -> None:
        wrong = self._model.edit(setting, text)
        self.note.say(wrong)
        self.editors[setting].widget.setProperty(WRONG, bool(wrong))
        self.editors[setting].widget.update()
        self._show_state()
        self._changed()

    def _show_state(self) -> None:
        differs = self._model.differs(self.entry)
        self.told.setVisible(self._model.is_changed(self.entry))
        self.undo.setVisible(differs)
        self._explanation.setText(f"{self.entry.explanation} {default_text(self.entry)}." if differs else self.entry.explanation)

    def put_default(self) -> None:
        """Puts the default into the fields; saved as any other value."""
        for setting, editor in self.editors.items():
            self._edit(setting, stored_value(setting.default))
            editor.show(setting.default)
        next(iter(self.editors.values())).widget.setFocus()

    @property
    def differs(self) -> bool:
        """Returns whether another value than the default is shown."""
        return self._model.differs(self.entry)


Edit = Callable[[Setting, str], object]


def _yes_no(setting: Setting, model: SettingsModel, edit: Edit) -> Editor:
    box = yes_no_box(bool(model.value(setting)), lambda on: edit(setting, stored_value(on)))
    return Editor(box, lambda value: box.setChecked(bool(value)))


def _number(setting: Setting, model: SettingsModel, edit: Edit) -> Editor:
    box = QSpinBox()
    box.setRange(setting.least or 0, setting.most if setting.most is not None else 2**31 - 1)

    def show_unit(number: int) -> None:
        box.setSuffix(f" {unit_text(setting, number)}" if setting.unit else "")

    box.valueChanged.connect(show_unit)
    box.setValue(int(model.value(setting)))
    show_unit(box.value())
    box.setFixedWidth(max(u(_NUMBER), box.sizeHint().width()))
    box.valueChanged.connect(lambda number: edit(setting, str(number)))
    return Editor(box, lambda value: box.setValue(int(value)))


def _time(setting: Setting, model: SettingsModel, edit: Edit) -> Editor:
    box = QTimeEdit(_as_time(model.value(setting)))
    box.setDisplayFormat("HH:mm")
    box.setFixedWidth(max(u(_TIME), box.sizeHint().width()))
    box.timeChanged.connect(lambda time: edit(setting, time.toString("HH:mm")))
    return Editor(box, lambda value: box.setTime(_as_time(value)))


def _as_time(value: Value) -> QTime:
    return QTime.fromString(str(value), "HH:mm")


def _choice(setting: Setting, model: SettingsModel, edit: Edit) -> Editor:
    box = QComboBox()
    choices = ((choice.label, choice.value) for choice in model.choices(setting))
    fill_choice(box, choices, lambda: edit(setting, str(box.currentData())), str(model.value(setting)))
    box.setFixedWidth(max(u(_CHOICE), box.sizeHint().width()))
    return Editor(box, lambda value: choose(box, str(value)))


def _reasons(setting: Setting, model: SettingsModel, edit: Edit) -> Editor:
    button = ReasonsButton(setting, model, edit)
    return Editor(button, lambda _value: button.tell())


_MAKERS: dict[Type, Callable[[Setting, SettingsModel, Edit], Editor]] = {
    Type.YES_NO: _yes_no,
    Type.NUMBER: _number,
    Type.TIME: _time,
    Type.LANGUAGE: _choice,
    Type.MANDANT: _choice,
    Type.VISIT_REASONS: _reasons,
}


class ReasonsButton(QPushButton):
    """Tells how many visit reasons are chosen, and opens the list of them.

    Attributes:
        list: the window with the list, while it is open.
    """

    def __init__(self, setting: Setting, model: SettingsModel, edit: Edit) -> None:
        super().__init__()
        self._setting, self._model, self._edit = setting, model, edit
        self.list: ReasonsDialog | None = None
        self.setAutoDefault(False)
        self.clicked.connect(lambda _checked: self.ask())
        self.tell()

    def tell(self) -> None:
        """Shows how many are chosen."""
        labels = [choice.label for choice in self._model.choices(self._setting) if choice.value in self._chosen]
        self.setText(chosen_text(labels))
        self.setToolTip("\n".join(labels))

    @property
    def _chosen(self) -> set[str]:
        return {part for part in str(self._model.value(self._setting)).split(",") if part}

    def ask(self) -> None:
        """Opens the list."""
        choices = [(choice.label, choice.value) for choice in self._model.choices(self._setting)]
        self.list = ReasonsDialog(self.window(), choices, self._chosen)
        self.list.accepted.connect(self._take)
        self.list.open()

    def _take(self) -> None:
        if self.list is not None:
            self._edit(self._setting, ",".join(self.list.chosen))
            self.tell()


class ReasonsDialog(QDialog):
    """The visit reasons of the practice to tick; none ticked means all.

    Args:
        parent: the window it belongs to.
        choices: label and id of each.
        chosen: the ids that are ticked.
    """

    def __init__(self, parent: QWidget | None, choices: Sequence[tuple[str, str]], chosen: set[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Besuchsgründe"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.items = QListWidget()
        self.items.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.items.setAccessibleName(_("Besuchsgründe"))
        self.items.setSpacing(u(3))
        for label, value in choices:
            item = QListWidgetItem(label, self.items)
            item.setData(Qt.ItemDataRole.UserRole, value)
            item.setCheckState(Qt.CheckState.Checked if value in chosen else Qt.CheckState.Unchecked)
        sentence = _("Erinnert wird nur an Termine mit den gewählten Besuchsgründen. Ist keiner gewählt, an alle.")
        none = _("Die Besuchsgründe der Praxis sind im Moment nicht lesbar.")
        buttons = QDialogButtonBox()
        for words, role in (
            (_("&Übernehmen"), QDialogButtonBox.ButtonRole.AcceptRole),
            (_("Abbrechen"), QDialogButtonBox.ButtonRole.RejectRole),
        ):
            buttons.addButton(words, role)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        told = soft_label(sentence if choices else none, size=Letters.TEXT, wrap=True)
        self.setLayout(
            column(
                plain_label(_("Nur diese Besuchsgründe"), bold=True, size=Letters.CARD),
                told,
                (self.items, 1),
                buttons,
                margins=(16, 16, 16, 16),
            )
        )
        self.ring = FocusRing(self)
        self.resize(*map(u, _LIST))

    @property
    def chosen(self) -> list[str]:
        """Returns the ids that are ticked."""
        items = [self.items.item(place) for place in range(self.items.count())]
        return [str(item.data(Qt.ItemDataRole.UserRole)) for item in items if item and item.checkState() is Qt.CheckState.Checked]


class _Question(QLabel):
    """Words that wrap only where there is no room: Qt would make a block of them as soon as they may wrap."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setFont(font(strong=True))

    def sizeHint(self) -> QSize:
        """Returns the room of the words in one line."""
        return self.fontMetrics().size(Qt.TextFlag.TextSingleLine, self.text()) + QSize(2, 0)


class Fold(QAbstractButton):
    """The line that unfolds what is seldom used; its words wrap.

    Args:
        words: what is folded away.
    """

    def __init__(self, words: str) -> None:
        super().__init__()
        self.setText(words)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """Returns the least room: the words wrap."""
        return QSize(u(_CHOICE), u(_FOLD))

    def hasHeightForWidth(self) -> bool:
        """Returns that it does."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Returns the height of the words in a width."""
        return max(u(_FOLD), self._words(width).height() + u(18))

    def _words(self, width: int) -> QRect:
        left = u(SIDE + 24)
        flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
        return self.fontMetrics().boundingRect(QRect(left, 0, width - left - u(SIDE), 10_000), flags, self.text())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the arrow and the words."""
        del event
        now, left = tokens(), u(SIDE + 24)
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, self.width(), 1), now.line)
        painter.setPen(now.text)
        written = self.font()
        written.setUnderline(self.underMouse())
        painter.setFont(written)
        room = self.rect().adjusted(left, 0, -u(SIDE), 0)
        painter.drawText(room, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self.text())
        side = u(10)
        arrow = QRect(QPoint(u(SIDE + 2), (self.height() - side) // 2), QSize(side, side))
        chevron(painter, arrow, Qt.ArrowType.DownArrow if self.isChecked() else Qt.ArrowType.RightArrow, now.soft, side)
        painter.end()
