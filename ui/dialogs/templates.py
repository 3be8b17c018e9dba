"""The window *Textvorlagen*."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PyQt6.QtCore import QModelIndex, QPoint, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QFontMetrics, QKeyEvent, QPainter
from PyQt6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTextBrowser,
    QWidget,
)

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.check import TemplateField, TemplateSeverity
from tray_agent.messages.texts.rendering import MessageValues, Placeholder
from tray_agent.messages.texts.templates import Origin, TemplateEntry, TemplateKey
from tray_agent.messages.words import channel_title, kind_title
from ui.dialogs.marked_edit import MarkedEdit
from ui.look.icons import Status, status_icon
from ui.look.scale import Type, font, u
from ui.look.tokens import tokens
from ui.models.templates import (
    FoundLine,
    Reader,
    TemplatesModel,
    changed_text,
    has_place,
    missing_text,
    origin_word,
    patient_reader,
    readers,
    template_title,
    utf16_length,
)
from ui.models.words import language_name
from ui.widgets.card import Card, card_around
from ui.widgets.controls import allow, once_after
from ui.widgets.dialog import Dialog
from ui.widgets.layout import GRID, button, column, field_label, held, row, splitter
from ui.widgets.notes import Note, soft_label
from ui.widgets.table_models import Column, ListModel
from ui.widgets.tables import TableView, on_choice

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.messages.texts.examples import Example
    from ui.windows import DialogContext

_ORIGIN_ICONS = {Origin.OWN: Status.SUCCESS, Origin.DISABLED: Status.PAUSED}
_SEVERITY_ICONS = {TemplateSeverity.ERROR: Status.ERROR, TemplateSeverity.WARNING: Status.WARNING}


class TemplatesDialog(Dialog):
    """The templates at the left, the editor with check and preview at the right; *Speichern* writes the edited one."""

    SIZE = (1184, 680)
    model: TemplatesModel
    """There as soon as the templates are read; before that no field is connected to it."""

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Textvorlagen"))
        self._read = False
        self._examples: Mapping[MessageKind, tuple[Example, ...]] = {}
        self._asked: tuple[Reader, ...] = ()
        self._zone = context.agent.zone
        self.list = ListModel(self._columns(), parent=self, key=lambda entry: entry.template.key)
        self.table = TableView[TemplateEntry](
            _("Alle Textvorlagen"), _("Hier stehen die Textvorlagen für jede Art, jeden Weg und jede Sprache."), self
        )
        self.subject = MarkedEdit(self, one_line=True)
        self.text = MarkedEdit(self)
        self._target = self.text
        self.placeholders = ChoiceList(self)
        self.found = ChoiceList(self)
        self.reader = QComboBox(self)
        self.preview = QTextBrowser(self)
        self._card = Card(" ")
        self._origin = soft_label(wrap=True)
        self._counted = soft_label(wrap=True)
        self._missing = Note(self, Status.INFO)
        self._away = Note(self, Status.WARNING)
        self._switching = once_after(0, self._switch, self)  # a question within a changing selection would leave the table half changed
        self._simplify = QPushButton(_("&Einfache Zeichen verwenden"), self)
        self._lay_out_content()
        self._add_buttons()
        self.run(lambda: _load(context.agent), self._show, busy=_("Textvorlagen werden gelesen …"))

    # Making

    def _columns(self) -> tuple[Column[TemplateEntry], ...]:
        return (
            Column(_("Art"), lambda row: kind_title(row.template.key.kind), strong=True),
            Column(_("Kanal"), lambda row: channel_title(row.template.key.channel)),
            Column(_("Sprache"), lambda row: language_name(row.template.key.language)),
            Column(_("Herkunft"), origin_word, status=lambda row: _ORIGIN_ICONS.get(row.origin), soft=_is_default),
        )

    def _lay_out_content(self) -> None:
        self.table.setModel(self.list)
        self.remember_columns(self.table, widths=(156, 60, 92))
        parts = splitter(Qt.Orientation.Horizontal, card_around(self.table), self._editor(), stretch=(0, 1), sizes=(500, 660))
        self.body.addWidget(parts, 1)

    def _editor(self) -> QWidget:
        self._counted.setWordWrap(True)
        self._subject_label, near = _label(_("&Betreff"), self.subject), GRID // 2
        written = column(self._subject_label, self.subject, _label(_("&Text"), self.text), (self.text, 1), spacing=near)
        offered = column(_label(_("&Platzhalter (Doppelklick fügt ein)"), self.placeholders), (self.placeholders, 1), spacing=near)
        count = row((self._counted, 1), self._simplify)
        fields, read = row((written, 3), (offered, 2), spacing=2 * GRID), Card()
        self._card.body.addLayout(column(self._origin, (fields, 1), count, self.found), 1)
        read.body.addLayout(column(self._reader_row(), (self.preview, 1), self._missing, self._away), 1)
        self._describe()
        return held(column((self._card, 5), (read, 3), spacing=12))

    def _describe(self) -> None:
        line = self.fontMetrics().lineSpacing()
        self.placeholders.setItemDelegate(TwoLines(self.placeholders))
        self.found.setIconSize(QSize(line, line))
        self.found.setFixedHeight(3 * line + GRID)
        for least, lines in ((self.text, 4), (self.placeholders, 5), (self.preview, 3)):
            # Qt has them ask for more than there may be; what is left is theirs by the stretch
            least.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
            least.setMinimumHeight(lines * line)
        for quiet in (self.found, self.preview):
            quiet.setFrameShape(QFrame.Shape.NoFrame)
        self.found.setAccessibleName(_("Prüfung des Textes"))
        self.preview.setAccessibleName(_("Vorschau"))
        self.found.setToolTip(_("Klicken zeigt die Stelle; Doppelklick setzt den Vorschlag ein."))

    def _reader_row(self) -> QHBoxLayout:
        other = button(_("Anderer Patie&nt …"), self.ask_patient, self)
        line = row(_label(_("&Vorschau für:"), self.reader), self.reader, other)
        line.setStretchFactor(self.reader, 1)
        self.reader.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.reader.setMinimumContentsLength(24)
        self.setTabOrder(self.reader, other)
        self.setTabOrder(other, self.preview)
        return line

    def _connect(self) -> None:
        on_choice(self.table, self._switching.start)
        self.text.edited.connect(lambda text: self._edit(text=text))
        self.subject.edited.connect(lambda text: self._edit(subject=text))
        for field in (self.text, self.subject):
            field.entered.connect(lambda field=field: setattr(self, "_target", field))
            field.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            field.customContextMenuRequested.connect(lambda point, field=field: self._menu(field, point).exec(field.mapToGlobal(point)))
        self.placeholders.taken.connect(self.insert)
        self.found.itemClicked.connect(lambda item: self._go_to(item.data(VALUE)))
        self.found.taken.connect(self._take_suggestion)
        self.reader.currentIndexChanged.connect(lambda _index: self._show_preview())
        self._simplify.clicked.connect(lambda _checked: self.simplify())

    def _add_buttons(self) -> None:
        self._save = self.main_action(_("&Speichern"), self.save_and_close)
        self.close_action()
        self._reset = self.side_action(_("Auf Vorgabe &zurücksetzen …"), self.reset)
        self._disable = self.side_action(_("Nicht mehr ver&wenden …"), self.disable)
        for action in (self._save, self._reset, self._disable):
            action.setEnabled(False)

    # Showing

    def _show(self, model: TemplatesModel) -> None:
        self.model, self._read = model, True
        self.list.show(model.entries)
        self.table.selectRow(self.list.place_of(model.key))
        self._show_template()
        self._connect()
        self._load_examples()

    def _load_examples(self) -> None:
        agent, zone = self.context.agent, self._zone

        def work() -> dict[MessageKind, tuple[Example, ...]]:
            now = agent.clock.now().astimezone(zone).replace(tzinfo=None)
            return {kind: agent.templates.examples(kind, now) for kind in MessageKind}

        self.run(work, self._take_examples, failed=self._no_examples)

    def _take_examples(self, examples: Mapping[MessageKind, tuple[Example, ...]]) -> None:
        self._examples = examples
        self._show_readers()

    def _no_examples(self, error: KnownError) -> None:
        self._away.say(_("{title}: Die Vorschau zeigt nur erfundene Patienten.").format(title=error.title))

    def _show_template(self) -> None:
        """Shows the chosen template from its start."""
        model = self.model
        is_mail = model.key.channel is Channel.EMAIL
        self.subject.setVisible(is_mail)
        self._subject_label.setVisible(is_mail)
        self._simplify.setVisible(not is_mail)
        self._target = self.text
        self.subject.show_text(model.draft.subject)
        self.text.show_text(model.draft.text)
        self._show_placeholders()
        self._show_readers()
        self._card.title.setText(template_title(model.key))
        self._card.setAccessibleName(template_title(model.key))
        self._origin.setText(changed_text(model.entry, self._zone))
        self._changed()

    def _show_placeholders(self) -> None:
        self.placeholders.clear()
        for placeholder in self.model.placeholders:
            item = QListWidgetItem(f"{placeholder.written}\n{placeholder.text}", self.placeholders)
            item.setData(VALUE, placeholder)
            item.setToolTip(placeholder.text)
        self.placeholders.setCurrentRow(0)

    def _show_readers(self) -> None:
        key, before = self.model.key, self.reader.currentText()
        self.reader.blockSignals(True)
        self.reader.clear()
        for reader in (*self._asked, *readers(key.kind, key.language, self._examples.get(key.kind, ()))):
            self.reader.addItem(reader.label, reader)
        # the one chosen before, or the invented patient, who comes after those that were asked for
        found = self.reader.findText(before)
        self.reader.setCurrentIndex(found if found >= 0 else len(self._asked))
        self.reader.blockSignals(False)
        self._show_preview()

    def _edit(self, *, text: str | None = None, subject: str | None = None) -> None:
        self.model.edit(text=text, subject=subject)
        self._changed()

    def _changed(self) -> None:
        """Shows what follows from the draft."""
        model = self.model
        self.text.show_marks(model.marks(TemplateField.TEXT))
        self.subject.show_marks(model.marks(TemplateField.SUBJECT))
        self._show_found(model.found_lines())
        origin = model.entry.origin
        allow(self._simplify, possible=model.can_simplify, reason=_("Der Text hat keine Zeichen, die ihn teurer machen."))
        allow(self._save, possible=model.can_save, reason=_("Es ist nichts geändert."))
        allow(self._reset, possible=origin is not Origin.DEFAULT, reason=_("Es gilt schon der mitgelieferte Text."))
        allow(self._disable, possible=origin is not Origin.DISABLED, reason=_("Diese Textvorlage wird schon nicht mehr verwendet."))
        self._show_preview()

    def _show_found(self, lines: tuple[FoundLine, ...]) -> None:
        self.found.clear()
        for line in lines:
            QListWidgetItem(status_icon(_SEVERITY_ICONS[line.finding.severity]), line.text, self.found).setData(VALUE, line)
        if not lines:
            QListWidgetItem(status_icon(Status.SUCCESS), _("Der Text ist in Ordnung."), self.found)
        self.found.setAccessibleDescription(" ".join(line.text for line in lines) or _("Der Text ist in Ordnung."))

    def _show_preview(self) -> None:
        model, reader = self.model, self.reader.currentData()
        if not isinstance(reader, Reader):
            return
        rendered = model.rendered(reader)
        self.preview.setPlainText("\n\n".join(part for part in (rendered.subject, rendered.text) if part))
        self._counted.setText(model.counted(rendered))
        self._missing.say(missing_text(rendered.missing))

    # Editing

    def insert(self, placeholder: Placeholder) -> None:
        """Inserts a placeholder where the cursor stands, in the field that had the keyboard last."""
        self._target.insertPlainText(placeholder.written)
        self._target.setFocus()

    def simplify(self) -> None:
        """Writes the costly characters plainly; can be undone."""
        self.text.replace_text(self.model.simplified())

    def _menu(self, field: MarkedEdit, point: QPoint) -> QMenu:
        """Returns the context menu of a field: what it has of its own, suggestions for the place, all placeholders."""
        menu = field.createStandardContextMenu() or QMenu(field)
        first = next(iter(menu.actions()), None)
        for one in self._findings_at(field, field.cursorForPosition(point).position()):
            action = QAction(_("Durch «{suggestion}» ersetzen").format(suggestion=one.finding.suggestion), menu)
            action.triggered.connect(lambda _checked, one=one: self._take_suggestion(one))
            menu.insertAction(first, action)
        inserting = QMenu(_("Platzhalter einfügen"), menu)
        for placeholder in self.model.placeholders:
            action = QAction(f"{placeholder.written}\t{placeholder.text}", inserting)
            action.triggered.connect(lambda _checked, placeholder=placeholder: self.insert(placeholder))
            inserting.addAction(action)
        menu.addSeparator()
        menu.addMenu(inserting)
        return menu

    def _findings_at(self, field: MarkedEdit, place: int) -> list[FoundLine]:
        """Returns the findings with a suggestion at a place (UTF-16 units) of a field."""
        which = TemplateField.TEXT if field is self.text else TemplateField.SUBJECT
        here = [one for one in self.model.findings if one.field is which and one.suggestion and has_place(one)]
        text = field.text
        spans = [(one, utf16_length(text[: one.position]), utf16_length(text[: one.position + one.length])) for one in here]
        return [FoundLine(one, 1) for one, start, end in spans if start <= place <= end]

    def _field_of(self, line: FoundLine) -> MarkedEdit:
        return self.subject if line.finding.field is TemplateField.SUBJECT else self.text

    def _go_to(self, line: FoundLine | None) -> None:
        if line is None or not has_place(line.finding):
            return
        field, finding = self._field_of(line), line.finding
        text = field.text
        field.go_to(utf16_length(text[: finding.position]), utf16_length(text[finding.position : finding.position + finding.length]))

    def _take_suggestion(self, line: FoundLine | None) -> None:
        """Puts the suggestion of a finding into its place."""
        if line is None or line.finding.suggestion is None or line.finding not in self.model.findings:
            return
        self._field_of(line).replace_text(self.model.replaced(line.finding))

    # For whom

    def ask_patient(self) -> None:
        """Asks for a patient's number and shows the preview for that patient."""
        number, agreed = QInputDialog.getText(self, _("Vorschau"), _("Patientennummer der Praxissoftware:"))
        if agreed and number.strip():
            self.show_patient(number.strip())

    def show_patient(self, patient_id: str) -> None:
        """Shows the preview for the patient of a number."""
        agent = self.context.agent
        self.run(
            lambda: agent.templates.values_of(patient_id),
            lambda values: self._show_patient(patient_id, values),
            busy=_("Patient wird gesucht …"),
        )

    def _show_patient(self, patient_id: str, values: MessageValues) -> None:
        self._asked = (patient_reader(patient_id, values), *self._asked)
        self._show_readers()
        self.reader.setCurrentIndex(0)

    # Another template

    def _switch(self) -> None:
        """Edits the template chosen in the list; asks first where something would be lost."""
        model, entry = self.model, self.table.current
        if entry is None or entry.template.key == model.key:
            return
        wanted = entry.template.key
        if not model.has_changes:
            self._choose(wanted)
            return
        self.table.selectRow(self.list.place_of(model.key))
        match self.ask_unsaved():
            case QMessageBox.StandardButton.Save:
                self.save(lambda: self._choose(wanted))
            case QMessageBox.StandardButton.Discard:
                self._choose(wanted)
            case _:
                return

    def _choose(self, key: TemplateKey) -> None:
        self.clear_error()
        self.model.choose(key)
        self.table.selectRow(self.list.place_of(self.model.key))
        self._show_template()

    # Saving

    def has_unsaved_changes(self) -> bool:
        """Returns whether the edited template differs from the stored one."""
        return self._read and self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Writes the edited template; one that is wrong or too long is refused, and the window says why."""
        draft, agent, who = self.model.draft, self.context.agent, self.context.agent.person
        self._then_list(lambda: agent.templates.save(draft, who), _("Wird gespeichert …"), then)

    def reset(self) -> None:
        """Goes back to the product's own text, after a question."""
        key, agent = self.model.key, self.context.agent
        consequence = _("Der eigene Text und alle Änderungen daran gehen verloren. Danach gilt wieder der mitgelieferte Text.")
        if self.ask(_("Diese Textvorlage auf die Vorgabe zurücksetzen?"), consequence, _("&Zurücksetzen")):
            self._then_list(lambda: agent.templates.reset(key), _("Wird zurückgesetzt …"))

    def disable(self) -> None:
        """Takes a template out of use, after a question; its text stays."""
        key, agent, who = self.model.key, self.context.agent, self.context.agent.person
        consequence = _(
            "Patienten dieser Sprache erhalten dann den Text der Ersatzsprache; gibt es auch den nicht, erhalten sie nichts. "
            "Der gespeicherte Text bleibt, nicht gespeicherte Änderungen gehen verloren."
        )
        if key.kind is MessageKind.REMINDER:
            also = _("Die mitgelieferte Terminverschiebung desselben Kanals und derselben Sprache wird dann auch nicht mehr verwendet.")
            consequence = f"{consequence} {also}"
        if self.ask(_("Diese Textvorlage nicht mehr verwenden?"), consequence, _("&Nicht mehr verwenden")):
            self._then_list(lambda: agent.templates.disable(key, who), _("Wird gespeichert …"))

    def _then_list(self, work: Callable[[], object], busy: str, then: Callable[[], None] = lambda: None) -> None:
        """Does something to the store in the background and shows all templates as they are then."""
        agent = self.context.agent

        def both() -> tuple[TemplateEntry, ...]:
            work()
            return agent.templates.list()

        self.run(both, lambda entries: self._stored(entries, then), busy=busy)

    def _stored(self, entries: tuple[TemplateEntry, ...], then: Callable[[], None]) -> None:
        self.model.stored(entries)
        self.list.show(self.model.entries)
        self._show_template()
        then()


def _is_default(row: TemplateEntry) -> bool:
    return row.origin is Origin.DEFAULT


def _label(text: str, field: QWidget) -> QLabel:
    made = field_label(text, field)
    made.setFont(font(strong=True))
    return made


def _load(agent: Agent) -> TemplatesModel:
    service = agent.templates
    return TemplatesModel(service.list(), service.check, service.preview, service.most_segments)


VALUE = Qt.ItemDataRole.UserRole
"""Where a line keeps what it stands for."""


class ChoiceList(QListWidget):
    """A list in a dialog; unlike Qt's own it keeps Enter to itself, so that taking a line does not also do the main action.

    Attributes:
        taken: the value of a line that was taken.
    """

    taken = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.itemDoubleClicked.connect(self._take)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Takes the line on Enter and on the space bar."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._take(self.currentItem())
            event.accept()
            return
        super().keyPressEvent(event)

    def _take(self, item: QListWidgetItem | None) -> None:
        value = item.data(VALUE) if item is not None else None
        if value is not None:
            self.taken.emit(value)


class TwoLines(QStyledItemDelegate):
    """Paints a line of two: a name that stands out, and below it what it means, quietly."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Returns the room of two lines."""
        return QSize(u(120), QFontMetrics(font()).height() + QFontMetrics(font(Type.SECOND)).height() + u(8))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paints ground and lines; what is too long is cut, and its tooltip tells it."""
        if painter is None:
            return
        now, area = tokens(), option.rect.adjusted(u(GRID), u(4), -u(GRID), -u(4))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, now.chosen if chosen else now.hover)
        first, _separator, second = str(index.data()).partition("\n")
        lines = ((first, font(strong=True), now.on_chosen if chosen else now.text), (second, font(Type.SECOND), now.soft))
        painter.save()
        top = area.top()
        for words, written, colour in lines:
            metrics = QFontMetrics(written)
            painter.setFont(written)
            painter.setPen(colour)
            cut = metrics.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area.left(), top + metrics.ascent(), cut)
            top += metrics.height()
        painter.restore()
