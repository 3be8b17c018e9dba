"""Renders the tray icons and the program icon from their SVG drawings; the results are part of the repository.

The tray must appear before Qt's SVG module is loaded, and on Windows it is drawn without Qt at all: so the pictures
are made beforehand. ``python -m tools.render_icons`` makes them anew; a test tells when they are stale.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from PyQt6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtSvg import QSvgRenderer

from tray_agent.resources import assets_folder
from tray_agent.tray.icons import CELLS, ICON_SIZES, Cell, sheet_file

PROGRAM_SIZES = (16, 24, 32, 48, 64, 128, 256)


def layers(cell: Cell, folder: Path) -> list[Path]:
    """Returns the drawings that make one icon, the lowest first."""
    drawn = [folder / "tray" / f"{cell.look.value}.svg"]
    if cell.number:
        drawn.append(folder / "tray" / f"number-{cell.number.replace('+', 'plus')}.svg")
    return drawn


def render(files: list[Path], size: int) -> Image.Image:
    """Returns drawings on top of each other as an RGBA picture of ``size`` pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for file in files:
        QSvgRenderer(str(file)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return Image.open(io.BytesIO(buffer.data().data())).convert("RGBA")


def sheet(size: int, folder: Path) -> Image.Image:
    """Returns all tray icons of one size side by side, in the order of ``CELLS``."""
    strip = Image.new("RGBA", (size * len(CELLS), size))
    for index, cell in enumerate(CELLS):
        strip.paste(render(layers(cell, folder), size), (index * size, 0))
    return strip


def program_icons(folder: Path) -> list[Image.Image]:
    """Returns the program icon in all sizes, the smallest first."""
    return [render([folder / "product.svg"], size) for size in PROGRAM_SIZES]


def main() -> None:
    """Writes all pictures."""
    folder = assets_folder() / "icons"
    for size in ICON_SIZES:
        sheet(size, folder).save(sheet_file(size), optimize=True)
    pictures = program_icons(folder)
    pictures[-1].save(folder / "vitoclient.ico", sizes=[(size, size) for size in PROGRAM_SIZES], append_images=pictures[:-1])
    pictures[PROGRAM_SIZES.index(64)].save(folder / "vitoclient.png", optimize=True)
    print(f"{len(ICON_SIZES)} x {len(CELLS)} icons in {folder}")


if __name__ == "__main__":
    main()
