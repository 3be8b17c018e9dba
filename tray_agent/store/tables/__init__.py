"""All tables of the agent, one module an area; ``metadata`` holds them all."""

from tray_agent.store.tables.base import metadata
from tray_agent.store.tables.messages import credit_balance, message, message_template
from tray_agent.store.tables.settings import setting

__all__ = ["credit_balance", "message", "message_template", "metadata", "setting"]
