"""Puts together what the four jobs of the SMS-Service work with, from the parts that it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tray_agent.messages.texts.rendering import PracticeWords
from tray_agent.messages.work.parts import MailIdentity, MessageParts

if TYPE_CHECKING:
    from datetime import datetime

    from tray_agent.clock import Clock
    from tray_agent.config.machine import Machine, MailSection
    from tray_agent.config.settings import Settings
    from tray_agent.messages.gateways.contract import MailGateway
    from tray_agent.messages.gateways.registry import SmsGateways
    from tray_agent.messages.texts.templates import TemplateBook
    from tray_agent.practice.model import PracticeSource
    from tray_agent.store.database import Database


def practice_words(machine: Machine) -> PracticeWords:
    """Returns how the practice names itself in texts."""
    practice = machine.practice
    return PracticeWords(practice.name, practice.phone, practice.link)


def make_parts(
    *,
    machine: Machine,
    database: Database,
    settings: Callable[[], Settings],
    practice: PracticeSource,
    templates: Callable[[], TemplateBook],
    sms: SmsGateways,
    mail: MailGateway | None,
    clock: Clock,
    next_sending: Callable[[], datetime | None],
) -> MessageParts:
    """Returns the parts with what this machine's configuration says about the practice, its mail and its zone.

    Args:
        machine: the configuration of this machine.
        database: the agent's own database.
        settings: gives the switches as they are now.
        practice: the practice's own data.
        templates: gives the texts as they are now.
        sms: the SMS gateways.
        mail: the way for e-mail, or None where the practice has none.
        clock: the agent's clock.
        next_sending: gives the next planned time of sending (aware), or None where there is none.
    """
    return MessageParts(
        database=database,
        settings=settings,
        practice=practice,
        templates=templates,
        sms=sms,
        mail=mail,
        mail_identity=lambda mandant_id: _identity(machine.mail, mandant_id),
        clock=clock,
        zone=machine.zone,
        words=practice_words(machine),
        region=machine.practice.region,
        canton=machine.practice.canton,
        next_sending=next_sending,
    )


def _identity(mail: MailSection, mandant_id: str) -> MailIdentity:
    own = mail.senders.get(mandant_id)
    return MailIdentity(own.address, own.name or mail.sender_name) if own else MailIdentity(mail.sender, mail.sender_name)
