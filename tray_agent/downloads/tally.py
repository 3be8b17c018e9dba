"""What a run of the Download-Service did, counted, and in one sentence."""

from __future__ import annotations

from collections import Counter

from tray_agent.i18n import _, ngettext
from tray_agent.jobs.contract import JobResult


class Tally:
    """Counts while the run goes on."""

    def __init__(self) -> None:
        self.problems = 0
        self._counts: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()

    def count(self, word: str) -> None:
        """Counts something done."""
        self._counts[word] += 1

    def add_bytes(self, size: int) -> None:
        """Adds the size of what was brought here."""
        self._counts["bytes"] += size

    def skip(self, reason: str, number: int = 1) -> None:
        """Counts something that was not done, by its reason."""
        self._skipped[reason] += number

    def fail(self) -> None:
        """Counts an element that could not be brought here; the log adds the problem."""
        self._counts["failed"] += 1

    def result(self) -> JobResult:
        """Returns the run's result."""
        return JobResult(dict(self._counts), dict(self._skipped), self.problems, self._sentence())

    def _sentence(self) -> str:
        parts = [
            (self._counts["downloaded"], _("{count} heruntergeladen und geprüft")),
            (self._counts["would_download"], _("{count} würde heruntergeladen")),
            (self._counts["failed"], _("{count} fehlgeschlagen")),
            (self._counts["superseded"], _("{count} unterwegs durch eine neuere Version ersetzt")),
            (self._counts["withdrawn"], _("{count} vom Hersteller zurückgezogen")),
            (self._skipped["not_on_portal"], _("{count} abonniert, aber nicht auf dem Portal")),
        ]
        said = ", ".join(text.format(count=count) for count, text in parts if count)
        if said:
            return _("Downloads: {parts}.").format(parts=said)
        current = self._skipped["up_to_date"] + self._skipped["installed"]
        if current:
            return ngettext(
                "Das abonnierte Element ist auf dem neuesten Stand.",
                "Alle {count} abonnierten Elemente sind auf dem neuesten Stand.",
                current,
            ).format(count=current)
        return _("Kein Element ist abonniert.") if not self._skipped else _("Nichts herunterzuladen.")
