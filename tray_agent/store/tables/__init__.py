"""All tables of the agent, one module an area; ``metadata`` holds them all."""

from tray_agent.store.tables.base import metadata
from tray_agent.store.tables.downloads import download, download_hash, refused_target, subscription
from tray_agent.store.tables.jobs import activity, agent_presence, job, job_lock, job_pause, job_run
from tray_agent.store.tables.messages import credit_balance, message, message_template
from tray_agent.store.tables.settings import setting

__all__ = [
    "activity",
    "agent_presence",
    "credit_balance",
    "download",
    "download_hash",
    "job",
    "job_lock",
    "job_pause",
    "job_run",
    "message",
    "message_template",
    "metadata",
    "refused_target",
    "setting",
    "subscription",
]
