"""The window *Schalter*."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QTime
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFrame,
    QGroupBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QTimeEdit,
    QWidget,
)

from tray_agent.config.settings import Setting, Type, Value, unit_text
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey, job_kind
from ui.look.icons import Status
from ui.models.settings import SettingsModel, default_text
from ui.widgets.controls import allow, yes_no_box
from ui.widgets.dialog import Dialog, Form
from ui.widgets.layout import GRID, column, fill_choice, scrolling
from ui.widgets.message_box import offer_to_send
from ui.widgets.notes import Note

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.schedules.order_check import OrderFinding
    from ui.windows import DialogContext


class SettingsDialog(Dialog):
    """All switches with explanation and default; *Speichern* writes them, *Abbrechen* means it."""

    SIZE = (760, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Schalter"))
        self.model: SettingsModel | None = None
        self._notes: dict[Setting, Note] = {}
        self._hints = Note(self, Status.WARNING)
        self._checking = False
        self._checked: dict[Setting, Value] | None = None
        self._area = scrolling()
        self._area.setFrameShape(QFrame.Shape.StyledPanel)
        self._area.setAccessibleName(_("Alle Schalter"))
        self.body.addWidget(self._area, 1)
        self.body.addWidget(self._hints)
        self._save = self.main_action(_("&Speichern"), self.save_and_close)
        allow(self._save, possible=False, reason=_("Es ist nichts geändert."))
        self.close_action()
        self.run(lambda: _load(context.agent), self._show, busy=_("Schalter werden gelesen …"))

    def _show(self, model: SettingsModel) -> None:
        self.model = model
        page = QWidget()
        groups = list[QGroupBox]()
        for title, settings in model.sections():
            group = QGroupBox(title, page)
            form = Form(group)
            for setting in settings:
                editor = self._editor(setting, model)
                explanation = f"{_(setting.explanation)} {default_text(setting)}."
                self._notes[setting] = form.add(setting.name, editor, explanation)
            groups.append(group)
        page.setLayout(column(*groups, None, spacing=2 * GRID))
        _align(page)
        self._area.setWidget(page)
        first = page.findChild(QCheckBox)
        if isinstance(first, QCheckBox) and not page.isAncestorOf(self.focusWidget()):
            first.setFocus()
        self._changed()

    def _editor(self, setting: Setting, model: SettingsModel) -> QWidget:
        makers: dict[Type, Callable[[Setting, SettingsModel], QWidget]] = {
            Type.YES_NO: self._yes_no,
            Type.NUMBER: self._number,
            Type.TIME: self._time,
            Type.LANGUAGE: self._choice,
            Type.MANDANT: self._choice,
            Type.VISIT_REASONS: self._choices,
        }
        editor = makers[setting.type](setting, model)
        editor.setObjectName(setting.address)
        return editor

    def _yes_no(self, setting: Setting, model: SettingsModel) -> QWidget:
        box = yes_no_box(bool(model.value(setting)), lambda on: self._edit(setting, "1" if on else "0"))
        box.setAccessibleName(setting.name)
        return box

    def _number(self, setting: Setting, model: SettingsModel) -> QWidget:
        box = QSpinBox()
        box.setRange(setting.least or 0, setting.most if setting.most is not None else 2**31 - 1)
        box.setFixedWidth(160)

        def show_unit(number: int) -> None:
            box.setSuffix(f" {unit_text(setting, number)}" if setting.unit else "")

        box.valueChanged.connect(show_unit)
        box.setValue(int(model.value(setting)))
        show_unit(box.value())
        box.valueChanged.connect(lambda number: self._edit(setting, str(number)))
        return box

    def _time(self, setting: Setting, model: SettingsModel) -> QWidget:
        edit = QTimeEdit(QTime.fromString(str(model.value(setting)), "HH:mm"))
        edit.setDisplayFormat("HH:mm")
        edit.setFixedWidth(160)
        edit.timeChanged.connect(lambda time: self._edit(setting, time.toString("HH:mm")))
        return edit

    def _choice(self, setting: Setting, model: SettingsModel) -> QWidget:
        choices = ((choice.label, choice.value) for choice in model.choices(setting))
        box = QComboBox()
        return fill_choice(box, choices, lambda: self._edit(setting, str(box.currentData())), str(model.value(setting)))

    def _choices(self, setting: Setting, model: SettingsModel) -> QWidget:
        chosen = {part.strip() for part in str(model.value(setting)).split(",")}
        listed = QListWidget()
        listed.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        for choice in model.choices(setting):
            item = QListWidgetItem(choice.label, listed)
            item.setData(Qt.ItemDataRole.UserRole, choice.value)
            item.setCheckState(Qt.CheckState.Checked if choice.value in chosen else Qt.CheckState.Unchecked)
        listed.setFixedHeight(min(8, listed.count() + 1) * (listed.fontMetrics().height() + GRID) + GRID)
        listed.itemChanged.connect(lambda _item: self._edit(setting, ",".join(_ticked(listed))))
        return listed

    def _edit(self, setting: Setting, text: str) -> None:
        if self.model is not None:
            self._notes[setting].say(self.model.edit(setting, text))
            self._changed()

    def _changed(self) -> None:
        if self.model is not None:
            self._hints.say("\n".join(self.model.hints()))
            changed, faulty = bool(self.model.changes), bool(self.model.faults)
            why = _("Zuerst die Hinweise bei den Feldern beachten.") if faulty else _("Es ist nichts geändert.")
            allow(self._save, possible=changed and not faulty, reason=why)
            self._check_plan(self.model)

    def _check_plan(self, model: SettingsModel) -> None:
        """Has the plan looked at with the switches as edited, one question at a time: on which days would nobody be reminded?"""
        asked, agent = model.plan_switches, self.context.agent
        if self._checking or asked == self._checked:
            return

        def checked(findings: Sequence[OrderFinding]) -> None:
            self._checking, self._checked = False, asked
            model.gaps = tuple(finding.sentence for finding in findings)
            self._changed()

        self._checking = True
        self.run(lambda: agent.gaps(changes=asked), checked, failed=lambda _error: checked(()))

    def has_unsaved_changes(self) -> bool:
        """Returns whether a switch was changed."""
        return self.model is not None and self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Writes the changed switches, all or none."""
        model, agent = self.model, self.context.agent
        if model is None or model.faults:
            return
        changes = model.changes

        def saved(_nothing: None) -> None:
            model.saved()
            if any(changes.get(setting) for setting in job_kind(JobKey.SEND_MESSAGES).switches):
                offer_to_send(self.context.windows)
            then()

        self.run(
            lambda: agent.save_switches(changes),
            saved,
            busy=_("Schalter werden gespeichert …"),
        )


def _align(page: QWidget) -> None:
    """Gives all labels of fields the width of the widest, so that the fields of all sections stand below each other."""
    labels = [label for label in page.findChildren(QLabel) if label.buddy() is not None]
    widest = max((label.sizeHint().width() for label in labels), default=0)
    for label in labels:
        label.setMinimumWidth(widest)


def _ticked(listed: QListWidget) -> list[str]:
    items = [listed.item(row) for row in range(listed.count())]
    return [str(item.data(Qt.ItemDataRole.UserRole)) for item in items if item is not None and item.checkState() is Qt.CheckState.Checked]


def _load(agent: Agent) -> SettingsModel:
    return SettingsModel(agent.settings.load(), agent.practice_ids())
