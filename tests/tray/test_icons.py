"""The tray's pictures: there in every size, current, told apart without colour."""

from __future__ import annotations

from itertools import combinations

import pytest
from PIL import Image, ImageChops
from pytestqt.qtbot import QtBot

from tools.render_icons import PROGRAM_SIZES, program_icons, sheet
from tray_agent.resources import assets_folder
from tray_agent.tray.icons import CELLS, ICON_SIZES, cell_index, icon_image, nearest_size, sheet_file
from tray_agent.tray.model import Look

NUMBERS = {Look.NEW_DOWNLOADS: 3}
PANELS = {"light": (243, 243, 243), "dark": (31, 31, 31)}


def difference(one: Image.Image, other: Image.Image) -> float:
    """Returns the mean difference of two pictures of equal size, 0 to 255."""
    histogram = ImageChops.difference(one, other).convert("L").histogram()
    return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)


@pytest.mark.parametrize("size", ICON_SIZES)
def test_strips_are_current(qtbot: QtBot, size: int) -> None:
    with Image.open(sheet_file(size)) as kept:
        fresh = sheet(size, assets_folder() / "icons")
        assert kept.size == fresh.size
        assert difference(kept.convert("RGBA"), fresh) < 0.5, "run: python -m tools.render_icons"


def test_program_icon_is_current(qtbot: QtBot) -> None:
    fresh = program_icons(assets_folder() / "icons")
    with Image.open(assets_folder() / "icons" / "vitoclient.ico") as kept:
        assert {size[0] for size in kept.info["sizes"]} == set(PROGRAM_SIZES)
        kept.size = (32, 32)  # type: ignore[misc]  # so Pillow chooses a picture of an icon file
        assert difference(kept.convert("RGBA"), fresh[PROGRAM_SIZES.index(32)]) < 1


@pytest.mark.parametrize("look", Look)
@pytest.mark.parametrize("pixels", [16, 18, 24, 32, 64, 96])
def test_every_state_in_every_size(look: Look, pixels: int) -> None:
    picture = icon_image(look, NUMBERS.get(look, 0), pixels)
    assert (picture.mode, picture.size) == ("RGBA", (pixels, pixels))
    assert picture.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("pixels", [16, 24, 64])
def test_states_differ_in_grey(panel: str, pixels: int) -> None:
    grey = {}
    for look in Look:
        ground = Image.new("RGB", (pixels, pixels), PANELS[panel])
        picture = icon_image(look, NUMBERS.get(look, 0), pixels)
        ground.paste(picture, (0, 0), picture)
        grey[look] = ground.convert("L")
    for one, other in combinations(Look, 2):
        assert difference(grey[one], grey[other]) > 8, f"{one} and {other}"


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("look", Look)
def test_state_stands_out_from_the_panel(panel: str, look: Look) -> None:
    picture = icon_image(look, NUMBERS.get(look, 0), 16)
    empty = Image.new("RGB", (16, 16), PANELS[panel])
    ground = empty.copy()
    ground.paste(picture, (0, 0), picture)
    assert difference(ground, empty) > 25


@pytest.mark.parametrize(("number", "shown"), [(1, "1"), (9, "9"), (10, "9+"), (250, "9+")])
def test_number_on_the_badge(number: int, shown: str) -> None:
    assert CELLS[cell_index(Look.NEW_DOWNLOADS, number)].number == shown


def test_numbers_differ_at_16_pixels() -> None:
    pictures = [icon_image(Look.NEW_DOWNLOADS, number, 16).convert("L") for number in range(1, 11)]
    for one, other in combinations(pictures, 2):
        assert difference(one, other) > 1


@pytest.mark.parametrize(("pixels", "size"), [(1, 16), (16, 16), (17, 20), (64, 64), (65, 64)])
def test_nearest_size(pixels: int, size: int) -> None:
    assert nearest_size(pixels) == size
