"""All parts of the look on one sheet: ``python -m tests.ui.parts_sheet FILE [dark]`` writes it as a picture."""

from __future__ import annotations

import sys

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QFont, QPixmap
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QTabWidget,
    QWidget,
)

from ui.look.icons import Status, icon
from ui.look.scale import Type, u
from ui.look.style import WRONG
from ui.widgets.banner import BannerRow, Banners
from ui.widgets.card import Card
from ui.widgets.chip import Chip
from ui.widgets.layout import row
from ui.widgets.links import Link
from ui.widgets.notes import plain_label, soft_label


def _nothing() -> None:
    """Does nothing: nobody presses the buttons of a sheet."""


def _button(text: str, *, main: bool = False, enabled: bool = True, picture: str = "") -> QPushButton:
    made = QPushButton(text)
    made.setDefault(main)
    made.setEnabled(enabled)
    if picture:
        made.setIcon(icon(picture))
    return made


def _buttons() -> Card:
    card = Card("Knöpfe")
    card.body.addLayout(row(_button("Speichern", main=True), _button("Abbrechen"), _button("Drucken", picture="printer"), None))
    off = _button("Speichern", main=True, enabled=False), _button("Abbrechen", enabled=False)
    card.body.addLayout(row(*off, Link("42 gesendet", _nothing, leads_on=True), None))
    card.body.addStretch(1)
    return card


def _fields() -> Card:
    card = Card("Felder")
    empty, filled, wrong, off = QLineEdit(), QLineEdit("079 555"), QLineEdit("079 55"), QLineEdit("gesperrt")
    empty.setPlaceholderText("Name oder Nummer")
    wrong.setProperty(WRONG, True)
    off.setEnabled(False)
    choice, days = QComboBox(), QSpinBox()
    choice.addItem("Letzte 7 Tage")
    days.setSuffix(" Tage")
    card.body.addLayout(row(empty, filled))
    card.body.addLayout(row(choice, days, off, None))
    card.body.addLayout(row(wrong, soft_label("Es fehlen Ziffern, z. B. 079 555 44 10"), None))
    card.body.addStretch(1)
    return card


def _choices() -> Card:
    card = Card("Auswahl")
    boxes = [QCheckBox("Ja"), QCheckBox("Nein"), QCheckBox("Gesperrt"), QCheckBox("Gesperrt")]
    for box, checked, enabled in zip(boxes, (True, False, True, False), (True, True, False, False), strict=True):
        box.setChecked(checked)
        box.setEnabled(enabled)
    card.body.addLayout(row(*boxes, None, spacing=16))
    rounds = [QRadioButton("Gewählt"), QRadioButton("Nicht gewählt"), QRadioButton("Gesperrt")]
    rounds[0].setChecked(True)
    rounds[2].setEnabled(False)
    card.body.addLayout(row(*rounds, None, spacing=16))
    card.body.addStretch(1)
    return card


def _states() -> Card:
    card = Card("Zustände: Bild und Wort; getönt nur, was einen Menschen braucht")
    calm = (Status.SUCCESS, "zugestellt"), (Status.WAITING, "wartet"), (Status.RUNNING, "läuft"), (Status.SKIPPED, "nicht vorgesehen")
    acting = (Status.ERROR, "nicht angekommen"), (Status.WARNING, "Guthaben knapp"), (Status.DOUBT, "in der Schwebe")
    card.body.addLayout(row(*(Chip(*one) for one in calm), None))
    card.body.addLayout(row(Chip(Status.INFO, "Hinweis"), *(Chip(*one, acts=True) for one in acting), None))
    card.body.addStretch(1)
    return card


def _type() -> Card:
    card = Card("Schrift")
    for text, size, strong in (("45 Zahl", Type.BIG, True), ("Fenstertitel", Type.TITLE, True), ("Kartentitel", Type.CARD, True)):
        card.body.addWidget(plain_label(text, size=size, bold=strong))
    card.body.addLayout(row(QLabel("Text"), soft_label("Leiser Text", size=Type.TEXT), soft_label("Kleine Schrift"), None, spacing=16))
    return card


def _lists() -> Card:
    card = Card("Fortschritt und Reiter")
    bar, busy, tabs = QProgressBar(), QProgressBar(), QTabWidget()
    bar.setRange(0, 100)
    bar.setValue(62)
    bar.setFormat("Update vitomed 2.69.001, 62 %, noch 2 Minuten")
    busy.setRange(0, 0)
    busy.setFormat("Wird geladen …")
    for title in ("Offen 6", "Heute erledigt 1", "Alle"):
        tabs.addTab(QWidget(), title)
    card.body.addWidget(bar)
    card.body.addWidget(tabs, 1)
    return card


def _banners() -> Banners:
    banners = Banners()
    text = "8 Mitteilungen warten. Nächster Versuch um 10:37, es geht nichts verloren."
    banners.show_rows(
        [
            BannerRow(Status.ERROR, "SMS-Anbieter seit 08:36 nicht erreichbar", text, _button("Jetzt versuchen", main=True)),
            BannerRow(Status.WARNING, "Guthaben reicht noch etwa 1 Tag", "43 Credits, Mindestbestand 50.", _button("Guthaben aufladen")),
        ]
    )
    return banners


def make_sheet() -> QWidget:
    """Returns the sheet."""
    sheet = QWidget()
    sheet.setWindowTitle("Teile")
    grid = QGridLayout(sheet)
    grid.setSpacing(u(16))
    grid.setContentsMargins(*(u(24),) * 4)
    for place, card in enumerate((_buttons(), _fields(), _choices(), _states(), _type(), _lists())):
        grid.addWidget(card, place // 2, place % 2)
    grid.addWidget(_banners(), 3, 0, 1, 2)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    sheet.resize(QSize(u(1120), u(740)))
    return sheet


def picture_of(sheet: QWidget) -> QPixmap:
    """Returns the sheet as a picture."""
    sheet.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    sheet.show()
    QApplication.processEvents()
    return sheet.grab()


if __name__ == "__main__":
    from ui.look.apply import Look, Theme

    application = QApplication(sys.argv)
    application.setFont(QFont("Open Sans", 9))
    look = Look(application, Theme.DARK if "dark" in sys.argv else Theme.LIGHT)
    made = make_sheet()
    picture_of(made).save(sys.argv[1])
