"""The tray's icons: which picture belongs to a state, and where it is.

The pictures are rendered beforehand from ``assets/icons/tray/*.svg`` (``python -m tools.render_icons``): one strip
per size, one cell per state. Every state has a shape of its own, so that nobody needs the colour: a tile with a V;
with a round badge and number; with a triangle; two bars; an empty frame that is crossed out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.resources import assets_folder
from tray_agent.tray.model import MOST_SHOWN_NUMBER, Look

if TYPE_CHECKING:
    from PIL.Image import Image

ICON_SIZES = (16, 20, 24, 32, 40, 48, 64)
"""In pixels, square: what panels use at 100 to 200 %."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of a strip.

    Attributes:
        look: the state.
        number: what the badge says (``1`` … ``9``, ``9+``), or "".
    """

    look: Look
    number: str = ""


_NUMBERS = (*(str(number) for number in range(1, MOST_SHOWN_NUMBER + 1)), f"{MOST_SHOWN_NUMBER}+")

CELLS = (
    Cell(Look.OK),
    Cell(Look.ATTENTION),
    Cell(Look.PAUSED),
    Cell(Look.DATABASE_AWAY),
    *(Cell(Look.NEW_DOWNLOADS, number) for number in _NUMBERS),
)
"""The order of the pictures in a strip."""


def sheet_file(size: int) -> Path:
    """Returns the strip of one size."""
    return assets_folder() / "icons" / "tray" / f"tray-{size}.png"


def cell_index(look: Look, number: int) -> int:
    """Returns which picture of the strip shows a state.

    Args:
        look: the state.
        number: of new downloads; counts for ``NEW_DOWNLOADS`` only, where it is at least 1.
    """
    shown = "" if look is not Look.NEW_DOWNLOADS else _NUMBERS[min(max(number, 1), len(_NUMBERS)) - 1]
    return CELLS.index(Cell(look, shown))


def nearest_size(pixels: int) -> int:
    """Returns the smallest prepared size that is not below ``pixels``, else the largest."""
    return next((size for size in ICON_SIZES if size >= pixels), ICON_SIZES[-1])


@lru_cache(maxsize=32)
def icon_image(look: Look, number: int, pixels: int) -> Image:
    """Returns a state's icon as an RGBA picture of exactly ``pixels`` (or the nearest larger size, scaled down).

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    from PIL import Image

    size = nearest_size(pixels)
    with Image.open(sheet_file(size)) as strip:
        left = cell_index(look, number) * size
        picture = strip.convert("RGBA").crop((left, 0, left + size, size))
    return picture if size == pixels else picture.resize((pixels, pixels), Image.Resampling.LANCZOS)
