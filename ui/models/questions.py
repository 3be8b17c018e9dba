"""The window *Fragen*: each question with its answers, and what each of them leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tray_agent.i18n import _, ngettext
from tray_agent.messages.guards.questions import FINAL_ANSWERS, Answer, Question, consequence_of
from ui.models.words import local_text


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to one question.

    Attributes:
        title: the words of its button, without a mnemonic.
        consequence: what happens then.
    """

    number: int
    answer: Answer
    title: str
    consequence: str

    @property
    def is_final(self) -> bool:
        """Returns whether it can't be undone, so that it is asked once more."""
        return self.answer in FINAL_ANSWERS


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One question as the window shows it.

    Attributes:
        title: what it is about.
        sentence: what happened, and what is to be decided.
        since: since when it is asked.
        choices: its answers.
    """

    title: str
    sentence: str
    since: str
    choices: Sequence[Choice]


def shown(questions: Sequence[Question], zone: ZoneInfo) -> list[OpenQuestion]:
    """Returns questions as the window shows them."""
    return [
        OpenQuestion(
            title=one.kind.text,
            sentence=one.sentence,
            since=_("Offen seit {when}. Was davon abhängt, wird bis zur Antwort nicht gesendet.").format(
                when=local_text(one.asked_at, zone)
            ),
            choices=[Choice(one.id, answer, answer.text, consequence_of(one.kind, answer)) for answer in one.answers],
        )
        for one in questions
    ]


def confirmation(choice: Choice) -> tuple[str, str, str]:
    """Returns what is asked once more: the question, what the answer leads to, and the words of the button that agrees."""
    question = _("Mit «{answer}» antworten?").format(answer=choice.title)
    return question, "\n".join((choice.consequence, _("Das lässt sich nicht rückgängig machen."))), choice.title


def number_line(number: int) -> str:
    """Returns how many questions are open."""
    if not number:
        return _("Es ist nichts zu entscheiden.")
    return ngettext("{number} Frage ist zu entscheiden.", "{number} Fragen sind zu entscheiden.", number).format(number=number)
