"""A lease as one would write it first: whoever looked and saw that it holds goes on. The trial must find it out."""

from __future__ import annotations

from sqlalchemy import Connection, update

from tray_agent.jobs.claims import Claim, Claims
from tray_agent.store.tables import job_lock


class NaiveClaims(Claims):
    """Claims whose fence asks nobody: it renews without comparing the token."""

    def fence(self, connection: Connection, claim: Claim, now_ms: int) -> None:
        """Renews the lease of whoever holds it."""
        lease_ms = int(self.lease.total_seconds() * 1000)
        connection.execute(update(job_lock).where(job_lock.c.job == claim.job).values(held_until_ms=now_ms + lease_ms))
