"""What *Versand-Queue* and *In der Schwebe* share: a person settles a message of which nobody knows whether it left."""

from __future__ import annotations

from collections.abc import Callable

from tray_agent.i18n import _, join_texts
from tray_agent.messages.outbox.model import DoubtDecision, OutboxMessage
from ui.look.icons import Status
from ui.models.activity import decision_question
from ui.widgets.dialog import Dialog


def decide(dialog: Dialog, message: OutboxMessage, decision: DoubtDecision, yes: str, reload: Callable[[], object]) -> None:
    """Settles a message in doubt, after a question.

    Args:
        dialog: the window, which asks and tells.
        message: which.
        decision: what became of it.
        yes: the words of the button that agrees.
        reload: reads the window's lists anew, also where the decision came too late.
    """
    agent = dialog.context.agent

    def work() -> tuple[OutboxMessage, str]:
        settled = agent.messages.decide(message.id, decision, agent.person)
        return settled, agent.messages.when_sent(settled)

    def decided(answer: tuple[OutboxMessage, str]) -> None:
        settled, leaves = answer
        dialog.banner.say(_("Entschieden"), f"{settled.patient_name}: {join_texts(settled.sentence, leaves)}", Status.SUCCESS)

    if dialog.ask(*decision_question(message, decision), yes):
        dialog.run(work, decided, busy=_("Wird gespeichert …"), then=reload)
