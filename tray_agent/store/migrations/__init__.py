"""Alembic's environment and revisions of the agent's tables."""
