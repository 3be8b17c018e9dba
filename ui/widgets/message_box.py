"""Small messages and questions: what it is about in bold, what follows in lines that are easy to read; errors not about a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QFontMetrics, QIcon
from PyQt6.QtWidgets import QLabel, QMessageBox

from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.logs import report
from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status, status_icon
from ui.look.scale import Type, font, u
from ui.widgets.icons import program_icon

if TYPE_CHECKING:
    from tray_agent.messages.outbox.model import Waiting
    from ui.windows import Windows

CHARACTERS = 56
"""The width of the lines, in average characters; what is shorter stays narrower."""


_WRAPPED_BY_QT = 500
"""Qt wraps the first text only where the box would be wider than this, and cuts it off else."""

PICTURE, AROUND = 32, 16
"""The picture at the left, and the room around all."""

_PICTURES = {
    QMessageBox.Icon.Information: Status.INFO,
    QMessageBox.Icon.Question: Status.INFO,
    QMessageBox.Icon.Warning: Status.WARNING,
    QMessageBox.Icon.Critical: Status.ERROR,
}


def make_readable(box: QMessageBox) -> None:
    """Sets a message whose texts and buttons are complete: its picture, its first text as a title, both in lines of up to ``CHARACTERS``.

    A message without buttons gets *OK*. No button has an icon, as nowhere else in the program.
    """
    if not box.buttons():
        box.addButton(QMessageBox.StandardButton.Ok)
    for button in box.buttons():
        button.setIcon(QIcon())
    if (status := _PICTURES.get(box.icon())) is not None:
        box.setIconPixmap(status_icon(status).pixmap(QSize(u(PICTURE), u(PICTURE)), box.devicePixelRatioF()))
    if (layout := box.layout()) is not None:
        layout.setContentsMargins(*(u(AROUND),) * 4)
    # Qt offers no other way to the labels of a message than their names
    for name, written, least in (
        ("qt_msgbox_label", font(Type.CARD, strong=True), _WRAPPED_BY_QT),
        ("qt_msgbox_informativelabel", font(), 0),
    ):
        label = box.findChild(QLabel, name)
        if label is None:  # the system shows the message by itself
            continue
        label.setFont(written)
        metrics = QFontMetrics(written)
        longest = max(metrics.horizontalAdvance(line) for line in label.text().splitlines() or [""])
        limit = CHARACTERS * metrics.averageCharWidth()
        label.setMinimumWidth(min(longest + metrics.averageCharWidth(), max(limit, least) if longest > limit else limit))


def answer_of(box: QMessageBox, consequence: str, words: Sequence[str], *, default: int) -> int:
    """Shows a question and returns the number of the button that was pressed, -1 where there are none; Escape presses the last one.

    Args:
        box: with the question.
        consequence: what follows from it.
        words: of the buttons; what does something first, what leaves everything as it is last.
        default: which of them Enter presses.
    """
    box.setInformativeText(consequence)
    role = QMessageBox.ButtonRole
    first = role.AcceptRole if default == 0 else role.DestructiveRole
    roles = (first, role.DestructiveRole, role.RejectRole) if len(words) > 2 else (first, role.RejectRole)
    buttons = [box.addButton(text, its_role) for text, its_role in zip(words, roles, strict=False)]
    if buttons:
        box.setDefaultButton(buttons[default])
        box.setEscapeButton(buttons[-1])
    make_readable(box)
    box.exec()
    return next((place for place, button in enumerate(buttons) if box.clickedButton() is button), len(buttons) - 1)


def offer_to_send(windows: Windows) -> None:
    """Asks whether messages that wait shall be sent now, where nothing else sends them today; of the same ones only once.

    To be called when a schedule was saved, a switch turned on, or a pause ended. Returns at once; the question stops nothing else.
    """
    windows.background.run(windows.agent.waiting_to_send, lambda waiting: show_offer(windows, waiting), failed=lambda _error: None)


def show_offer(windows: Windows, waiting: Waiting | None) -> None:
    """Shows the question of ``offer_to_send``, unless it was asked of these messages before."""
    if waiting is None or waiting.newest <= windows.offered:
        return
    windows.offered = waiting.newest
    from ui.models.jobs import send_question  # for the first question only: a program at rest needs no schedules in words

    question, consequence, yes, no = send_question(waiting, windows.agent.zone)
    box = QMessageBox(QMessageBox.Icon.Question, job_title(JobKey.SEND_MESSAGES), question)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(consequence)
    send, leave = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole), box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(leave)
    box.setEscapeButton(leave)
    make_readable(box)
    box.setWindowIcon(program_icon())
    box.setAccessibleName(question)
    agent = windows.agent

    def answered() -> None:
        if box.clickedButton() is send:
            windows.background.run(lambda: agent.jobs.start_now(JobKey.SEND_MESSAGES), lambda _run: None)

    box.finished.connect(lambda _result: answered())
    box.setWindowModality(Qt.WindowModality.NonModal)
    windows.question = box
    box.show()


def error_window(error: KnownError) -> QMessageBox:
    """Returns a window that tells an error; the caller shows it and keeps it. It does not stop the rest of the program."""
    box = QMessageBox(QMessageBox.Icon.Critical, error.title, error.title)  # Qt adds the program's name to every title
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText("\n\n".join(in_windows(part) for part in (error.message, error.advice) if part))
    make_readable(box)
    if error.__cause__ is not None:
        box.setDetailedText(report(error))
    box.setWindowIcon(program_icon())
    box.setWindowModality(Qt.WindowModality.NonModal)
    box.setAccessibleName(error.title)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
