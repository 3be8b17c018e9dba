"""The window *Online-Portal*: areas, headings and rows, the search, what the menus offer."""

from __future__ import annotations

from dataclasses import replace

from tray_agent.downloads.portal_view import PortalArea, PortalHeading, PortalRow, PortalView
from tray_agent.downloads.words import format_size
from tray_agent.i18n import _, format_date, join_texts, ngettext


class PortalModel:
    """The portal as shown: searched, with its menus.

    Args:
        view: the portal at one moment.
    """

    def __init__(self, view: PortalView) -> None:
        self.view = view
        self._sought = ""

    def search(self, text: str) -> None:
        """Shows only rows whose title, element, version or notes contain all of these words."""
        self._sought = text.casefold().strip()

    @property
    def areas(self) -> tuple[PortalArea, ...]:
        """Returns the areas with the headings and rows that the search finds; while searching, empty ones are left out."""
        areas = tuple(replace(area, headings=self._headings(area)) for area in self.view.areas)
        return tuple(area for area in areas if area.headings or not self._sought)

    def _headings(self, area: PortalArea) -> tuple[PortalHeading, ...]:
        found = (replace(heading, rows=tuple(row for row in heading.rows if self._matches(row))) for heading in area.headings)
        return tuple(heading for heading in found if heading.rows)

    def _matches(self, row: PortalRow) -> bool:
        signed = row.signed
        searched = f"{signed.title} {signed.element} {signed.version} {signed.notes}".casefold()
        return all(word in searched for word in self._sought.split())

    @property
    def found(self) -> int:
        """Returns how many rows are shown."""
        return sum(len(heading.rows) for area in self.areas for heading in area.headings)

    def can_activate(self, area: PortalArea) -> bool | None:
        """Returns whether the menu of an area activates the service; False greys it out, None: it has no menu.

        Only *Neue Downloads* has one (seed, Element abonnieren, step 3).
        """
        return not self.view.active if area.is_new else None

    @property
    def empty_sentence(self) -> str:
        """Returns what is said where no row is shown."""
        return _("Die Suche findet kein Element.") if self._sought else _("Das Online-Portal bietet zurzeit nichts an.")

    @property
    def status(self) -> str:
        """Returns the sentence below the list."""
        rows = (row for area in self.view.areas for heading in area.headings for row in heading.rows)
        number = len({row.signed.element for row in rows if row.subscribed})
        subscribed = ngettext("{number} Element ist abonniert.", "{number} Elemente sind abonniert.", number).format(number=number)
        service = _("Der Download-Service ist aktiv.") if self.view.active else _("Der Download-Service ist nicht aktiv.")
        return join_texts(service, subscribed)

    def offline_sentence(self, checked: str) -> str:
        """Returns what is told while the portal does not answer; ``checked`` is when it last did, as the practice writes it."""
        return _("Angezeigt wird der Stand vom {when}. Abonnieren ist möglich; heruntergeladen wird, sobald das Portal antwortet.").format(
            when=checked
        )


def details_of(row: PortalRow) -> tuple[str, tuple[str, ...]]:
    """Returns the title and the paragraphs that are told about a row."""
    signed = row.signed
    restart = _("Nach der Installation muss vitomed neu gestartet werden.") if signed.restart else ""
    needs = _("Nötig ist vitomed {version} oder neuer.").format(version=signed.needs) if signed.needs else ""
    facts = _("Erschienen am {date}, {size}.").format(date=format_date(signed.released), size=format_size(signed.size))
    automatic = _("Neuere Versionen werden automatisch heruntergeladen.") if row.subscribed else ""
    title = _("{title}, Version {version}").format(title=signed.title, version=signed.version)
    return title, tuple(part for part in (signed.notes, automatic, restart, needs, facts) if part)
