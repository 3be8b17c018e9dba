"""Lists under the mouse: what it costs to move over a table of 10,000 rows.

Counted is the processor time of one move from a row to the next, until both are painted: rows of two lines, with a box to tick, a
state, a number. The floor is Qt's own table of the same model, which paints both rows, too, but one line and no state in words.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.row import Row, show_seconds

ROWS = 10_000
HALF_A_FRAME = 0.5 / 60


def run() -> list[Row]:
    """Measures without a screen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PyQt6.QtWidgets import QTableView

    from ui.shell.application import create_application
    from ui.widgets.tables import TableView

    application = create_application(["lists"])
    ours, plain = TableView[Any]("Liste", ""), QTableView()
    plain.setMouseTracking(True)
    plain.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    own, floor = (_hover(application, view) for view in (ours, plain))
    name = f"the mouse moves to the next row, {ROWS} rows of 8 columns, processor time"
    return [
        Row(
            name, show_seconds(own), "Qt's own table", show_seconds(floor), own / floor,
            "≤ 8.3 ms, half a frame", own <= HALF_A_FRAME,
        )
    ]  # fmt: skip


@dataclass(frozen=True)
class _Person:
    number: int


def _hover(application: Any, view: Any) -> float:
    """Returns the processor's seconds for one move of the mouse over a table: the round that others disturbed least."""
    from PyQt6.QtCore import QEvent, QPointF, Qt
    from PyQt6.QtGui import QMouseEvent

    model = _model()
    view.setModel(model)
    view.resize(1100, 640)
    view.show()
    application.processEvents()
    view.scrollTo(model.index(ROWS // 2, 0))
    application.processEvents()
    viewport, height, places = view.viewport(), view.rowHeight(0), [0]

    def move() -> None:
        places[0] = (places[0] + 1) % 10
        place = QPointF(300, height * (places[0] + 0.5))
        nothing, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        application.sendEvent(
            viewport, QMouseEvent(QEvent.Type.MouseMove, place, QPointF(viewport.mapToGlobal(place)), nothing, nothing, keys)
        )
        application.processEvents()

    return min(_processor_time(move) for _round in range(10))


def _processor_time(move: Callable[[], object]) -> float:
    began = time.process_time()
    for _number in range(20):
        move()
    return (time.process_time() - began) / 20


def _model() -> Any:
    from ui.look.icons import Status
    from ui.widgets.table_models import Align, Column, ListModel

    model = ListModel(
        (
            Column[_Person]("Erledigt", lambda _row: "", checked=lambda row: row.number % 3 == 0),
            Column[_Person]("Termin", lambda row: f"{row.number % 24:02}:30", second=lambda _row: "Di 24.11.", strong=True),
            Column[_Person]("Patient", lambda row: f"Muster {row.number}", second=lambda _row: "geb. 12.03.1951", strong=True),
            Column[_Person]("Telefon", lambda row: f"079 555 {row.number:05}", second=lambda _row: "Mobil"),
            Column[_Person]("Nr.", lambda row: str(row.number), Align.RIGHT),
            Column[_Person]("Kanal", lambda _row: "SMS"),
            Column[_Person]("Zustand", lambda _row: "nicht angekommen", status=lambda _row: Status.ERROR, acts=True),
            Column[_Person]("Grund", lambda _row: "Das Telefon war ausgeschaltet, und die Mitteilung ist verfallen."),
        ),
        key=lambda row: row.number,
    )
    model.show([_Person(number) for number in range(ROWS)])
    return model
