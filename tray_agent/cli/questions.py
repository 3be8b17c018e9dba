"""``vitoclient messages questions|answer``: what a person has to decide."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.cli.frame import AsJson, agent_here, confirm, local_text, picked, print_json
from tray_agent.i18n import _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tray_agent.messages.guards.questions import Question


def add_commands(app: typer.Typer) -> None:
    """Adds the commands to the group ``vitoclient messages``."""
    app.command("questions", help=_("Zeigen, was eine Person zu entscheiden hat."))(_questions)
    app.command("answer", help=_("Eine Frage beantworten; was darauf wartete, läuft dann weiter."))(_answer)


def _questions(as_json: AsJson = False) -> None:
    with agent_here() as agent:
        questions = agent.questions.open()
        if as_json:
            print_json([_as_json(question) for question in questions])
        elif not questions:
            print(_("Es ist nichts zu entscheiden."))
        for question in () if as_json else questions:
            _print(question, agent.zone)


def _answer(
    number: Annotated[int, typer.Argument(metavar=_("NUMMER"), help=_("Die Nummer der Frage in der Liste."))],
    word: Annotated[str, typer.Argument(metavar=_("ANTWORT"), help=_("Das Wort der Antwort, wie die Liste es zeigt."))],
    yes: Annotated[bool, typer.Option("--yes", help=_("Nicht nachfragen, auch wo es nicht rückgängig zu machen ist."))] = False,
) -> None:
    from tray_agent.messages.guards.questions import FINAL_ANSWERS, consequence_of

    with agent_here() as agent:
        question, answer = agent.questions.to_answer(number, word)
        if answer in FINAL_ANSWERS and not yes:
            print(question.sentence, f"{answer.text}: {consequence_of(question.kind, answer)}", sep="\n", file=sys.stderr)
            confirm(_("Das lässt sich nicht rückgängig machen. Fortfahren? [j/N]"))
        agent.questions.answer(number, answer, agent.person)
    print(f"{answer.text}: {consequence_of(question.kind, answer)}")


def _print(question: Question, zone: ZoneInfo) -> None:
    from tray_agent.messages.guards.questions import consequence_of

    print(_("{number}: {kind} (seit {when})").format(number=question.id, kind=question.kind.text, when=local_text(question.asked_at, zone)))
    print(f"  {question.sentence}")
    for answer in question.answers:
        command = f"vitoclient messages answer {question.id} {answer.value}"
        print(f"  {answer.text} ({command}): {consequence_of(question.kind, answer)}")
    print()


def _as_json(question: Question) -> dict[str, Any]:
    from tray_agent.messages.guards.questions import consequence_of

    answers = [{"answer": one.value, "title": one.text, "consequence": consequence_of(question.kind, one)} for one in question.answers]
    return picked(question, "number=id kind subject sentence asked_at") | {"answers": answers}
