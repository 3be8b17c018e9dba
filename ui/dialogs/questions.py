"""The window *Fragen*: what a person has to decide, each question with one button for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QGridLayout, QPushButton

from tray_agent.i18n import _
from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status
from ui.look.scale import u
from ui.models.questions import Choice, OpenQuestion, confirmation, number_line, shown
from ui.widgets.card import Card, line
from ui.widgets.dialog import Dialog
from ui.widgets.layout import BETWEEN_CARDS, GRID, button, clear, column, held, scrolling
from ui.widgets.mnemonics import mnemonic_of, with_mnemonics
from ui.widgets.notes import Note, plain_label, soft_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PyQt6.QtWidgets import QWidget

    from tray_agent.messages.guards.questions import Question
    from ui.windows import DialogContext


class QuestionsDialog(Dialog):
    """The open questions, the newest first; an answer that can't be undone is asked once more."""

    SIZE = (760, 520)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Fragen"))
        self.answers: list[QPushButton] = []
        self._number = Note(self)
        self._cards = column(spacing=BETWEEN_CARDS)
        self.body.addWidget(self._number)
        self.body.addWidget(scrolling(held(self._cards, (0, 0, 4, 0))), 1)
        self._close = self.main_action(_("Schl&iessen"), self.reject)
        self._anew = self.side_action(_("&Aktualisieren"), self.load, QKeySequence.StandardKey.Refresh)
        self.load()

    def load(self) -> None:
        """Reads the questions anew."""
        self.run(lambda: self.context.agent.questions.open(), self._show)

    def _show(self, questions: Sequence[Question]) -> None:
        """Shows a card for each question."""
        asked = shown(questions, self.context.agent.zone)
        self._number.say(number_line(len(asked)), Status.DOUBT if asked else Status.SUCCESS)
        clear(self._cards)
        self.answers.clear()
        for one in asked:
            card = self._card(one)
            self._cards.addWidget(card)
            card.show()  # a layout shows it later, and what is not seen yet can't take the keyboard
        self._cards.addStretch(1)
        self._mark()
        self.buttons_last()
        if self.answers:
            self.answers[0].setFocus()

    def _card(self, asked: OpenQuestion) -> QWidget:
        card, answers = Card(asked.title), QGridLayout()
        for part in (plain_label(in_windows(asked.sentence)), soft_label(asked.since, wrap=True), line()):
            card.body.addWidget(part)
        answers.setHorizontalSpacing(u(2 * GRID))
        answers.setVerticalSpacing(u(GRID))
        answers.setColumnStretch(1, 1)
        for place, choice in enumerate(asked.choices):
            answers.addWidget(self._choice(choice, asked), place, 0)
            answers.addWidget(soft_label(choice.consequence, wrap=True), place, 1)
        card.body.addLayout(answers)
        return card

    def _choice(self, choice: Choice, asked: OpenQuestion) -> QWidget:
        made = button(choice.title, lambda: self.choose(choice), self)
        made.setAutoDefault(False)
        made.setAccessibleName(f"{asked.title}: {choice.title}")
        made.setAccessibleDescription(choice.consequence)
        self.answers.append(made)
        return made

    def _mark(self) -> None:
        """Gives each answer a letter of its own, as far as there are letters."""
        taken = "".join(letter for other in (self._close, self._anew) for letter in mnemonic_of(other.text()))
        for made in self.answers:
            (marked,) = with_mnemonics([made.text()], taken)
            made.setText(marked)
            taken += "".join(mnemonic_of(marked))

    def choose(self, choice: Choice) -> None:
        """Answers, after a further question where that can't be undone."""
        question, consequence, yes = confirmation(choice)
        agent = self.context.agent
        if choice.is_final and not self.ask(question, consequence, yes):
            return
        self.run(
            lambda: agent.questions.answer(choice.number, choice.answer, agent.person),
            lambda _answered: self.banner.say(_("Entschieden: {answer}").format(answer=choice.title), choice.consequence, Status.SUCCESS),
            busy=_("Wird gespeichert …"),
            then=self.load,
        )
