"""The look: every pair of colours has its contrast, sizes follow the text, pictures follow the colours, nothing else draws for itself."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QFont, QIcon, QImage, QPalette, QPixmap
from PyQt6.QtWidgets import QApplication, QStyleOption, QStyleOptionButton, QStyleOptionProgressBar
from pytestqt.qtbot import QtBot

import ui
from tests.ui.parts_sheet import make_sheet, picture_of
from tray_agent.resources import assets_folder
from ui.look.apply import Look, Theme, show
from ui.look.contrast import AA_SHAPE, AA_TEXT, contrast, is_dark
from ui.look.icons import STATUS_COLOURS, Status, icon, status_icon
from ui.look.scale import Type, body_font, font, u
from ui.look.style import CalmStyle, as_kind
from ui.look.tokens import DARK, LIGHT, SHAPE_PAIRS, TEXT_PAIRS, Tokens, of_system, palette_of, tokens

Role = QPalette.ColorRole
SETS = {"light": LIGHT, "dark": DARK}
_UI = Path(ui.__file__).parent
REFERENCE = Path(__file__).parent / "pictures"


@pytest.mark.parametrize(("one", "other", "expected"), [("black", "white", 21.0), ("#777777", "white", 4.48), ("red", "red", 1.0)])
def test_contrast_is_that_of_the_guideline(one: str, other: str, expected: float) -> None:
    assert contrast(QColor(one), QColor(other)) == pytest.approx(expected, abs=0.01)
    assert contrast(QColor(other), QColor(one)) == contrast(QColor(one), QColor(other))


@pytest.mark.parametrize("name", SETS)
def test_every_word_can_be_read_on_its_ground(name: str) -> None:
    found = {pair: round(contrast(SETS[name].of(pair[0]), SETS[name].of(pair[1])), 2) for pair in TEXT_PAIRS}
    assert {pair: value for pair, value in found.items() if value < AA_TEXT} == {}


@pytest.mark.parametrize("name", SETS)
def test_every_shape_is_seen_on_its_ground(name: str) -> None:
    found = {pair: round(contrast(SETS[name].of(pair[0]), SETS[name].of(pair[1])), 2) for pair in SHAPE_PAIRS}
    assert {pair: value for pair, value in found.items() if value < AA_SHAPE} == {}


@pytest.mark.parametrize("name", SETS)
def test_no_group_of_the_palette_fades(look: Look, name: str) -> None:
    palette = palette_of(SETS[name])
    for role in (Role.Window, Role.Base, Role.Text, Role.Highlight, Role.HighlightedText, Role.PlaceholderText, Role.Accent):
        assert palette.color(QPalette.ColorGroup.Inactive, role) == palette.color(QPalette.ColorGroup.Active, role)
    assert is_dark(palette) == (name == "dark")


def test_in_high_contrast_nothing_is_ours(look: Look) -> None:
    system = QPalette()
    for role, colour in ((Role.Window, "black"), (Role.WindowText, "white"), (Role.Highlight, "yellow"), (Role.HighlightedText, "black")):
        system.setColor(role, QColor(colour))
    system.setColor(Role.Link, QColor("cyan"))
    found = of_system(system)
    used = {found.of(name).name() for name in Tokens.__slots__ if name not in ("high_contrast", "disabled")}
    assert used == {QColor(colour).name() for colour in ("black", "white", "yellow", "cyan")}
    assert found.high_contrast


def test_sizes_follow_the_text(look: Look) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    before, usual = application.font(), u(100)
    larger = application.font()
    larger.setPointSizeF(before.pointSizeF() * 1.33)
    application.setFont(larger)
    try:
        assert u(100) > 1.2 * usual
        assert font(Type.BIG).pointSizeF() == pytest.approx(larger.pointSizeF() * 2.1)
    finally:
        application.setFont(before)


def _colours_of(picture: QPixmap) -> set[str]:
    image = picture.toImage()
    seen = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {colour.name() for colour in seen if colour.alpha() == 255}


@pytest.mark.parametrize("status", Status)
def test_the_picture_of_a_state_follows_the_colours(look: Look, status: Status) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    picture = status_icon(status)
    try:
        for colours in (LIGHT, DARK):
            show(application, colours)
            assert colours.of(STATUS_COLOURS[status]).name() in _colours_of(picture.pixmap(32, 32))
    finally:
        show(application, LIGHT)


def test_a_picture_is_sharp_at_every_scale(look: Look) -> None:
    for scale in (1.0, 1.25, 1.5, 2.0):
        made = icon("phone").pixmap(QSize(18, 18), scale)
        assert made.devicePixelRatio() == scale
        assert made.width() == (QSize(18, 18) * scale).width()


def test_every_picture_that_is_asked_for_is_there_and_none_is_kept_for_nothing(look: Look) -> None:
    written = {
        node.value
        for file in _UI.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    calls = re.compile(r'\b(?:icon\(|Picture\(|picture=)"([^"]+)"')
    asked = {name for file in _UI.rglob("*.py") for name in calls.findall(file.read_text("utf-8"))}
    there = {file.stem for file in (assets_folder() / "icons" / "line").glob("*.svg")}
    assert there - written == set()
    assert asked - there == set()
    assert len(asked) > 10
    assert all(not icon(name).pixmap(18, 18).isNull() for name in there)


def test_a_switch_of_the_look_needs_no_restart(look: Look) -> None:
    try:
        look.choose(Theme.DARK)
        assert tokens() is DARK
        look.choose(Theme.LIGHT)
        assert tokens() is LIGHT
    finally:
        look.choose(Theme.LIGHT)


def test_an_option_that_comes_as_another_class_is_read_as_what_it_is(look: Look) -> None:
    plain = QStyleOption(1, cast("int", QStyleOption.OptionType.SO_Button.value))
    assert type(plain) is QStyleOption
    assert type(as_kind(plain, QStyleOptionButton)) is QStyleOptionButton
    bar = QStyleOptionProgressBar()
    assert as_kind(bar, QStyleOptionProgressBar) is bar


def test_pictures_keep_their_colours_in_a_chosen_row(look: Look) -> None:
    picture = QPixmap(8, 8)
    picture.fill(QColor("#1565c0"))
    tinted = CalmStyle().generatedIconPixmap(QIcon.Mode.Selected, picture, QStyleOption())
    assert tinted.toImage().pixelColor(4, 4) == QColor("#1565c0")


_OWN_LOOK = {"setStyleSheet", "QColor", "QFont", "setPointSize", "setPointSizeF", "setPixelSize"}


def _nodes_outside_the_look() -> Iterator[tuple[str, ast.AST]]:
    for file in _UI.rglob("*.py"):
        if "look" not in file.parts:
            yield from ((str(file.relative_to(_UI)), node) for node in ast.walk(ast.parse(file.read_text("utf-8"))))


def _called(node: ast.AST) -> str:
    called = node.func if isinstance(node, ast.Call) else None
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def test_nothing_outside_the_look_names_a_colour_a_font_or_a_style_sheet() -> None:
    found = [
        f"{file}: {ast.unparse(node)}"
        for file, node in _nodes_outside_the_look()
        if _called(node) in _OWN_LOOK or (isinstance(node, ast.Constant) and re.fullmatch(r"#[0-9a-fA-F]{6}", str(node.value)))
    ]
    assert found == []


# The sheet of parts


def _differing(one: QImage, other: QImage) -> int:
    assert one.size() == other.size()
    pairs = ((one.pixel(x, y), other.pixel(x, y)) for x in range(one.width()) for y in range(one.height()))
    return sum(before != after for before, after in pairs)


def test_a_window_that_was_open_looks_in_dark_as_one_that_is_opened_in_dark(qtbot: QtBot, look: Look) -> None:
    switched = make_sheet()
    qtbot.addWidget(switched)
    picture_of(switched)
    try:
        look.choose(Theme.DARK)
        QApplication.processEvents()
        fresh = make_sheet()
        qtbot.addWidget(fresh)
        assert _differing(picture_of(switched).toImage(), picture_of(fresh).toImage()) == 0
    finally:
        look.choose(Theme.LIGHT)


@pytest.mark.skipif(sys.platform == "win32", reason="letters are drawn in another way there")
@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_the_parts_look_as_they_were_seen_and_found_good(qtbot: QtBot, look: Look, theme: Theme) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    before = application.font()
    application.setFont(body_font(QFont("Open Sans", 9)))
    try:
        look.choose(theme)
        sheet = make_sheet()
        qtbot.addWidget(sheet)
        seen = picture_of(sheet).toImage()
    finally:
        look.choose(Theme.LIGHT)
        application.setFont(before)
    kept = QImage(str(REFERENCE / f"parts-{theme.value}.png"))
    assert seen.size() == kept.size()
    # letters differ by a shade from one version of FreeType to the next: a quarter of the size hides that, and no part
    small = [one.scaled(kept.size() / 4, transformMode=Qt.TransformationMode.SmoothTransformation) for one in (seen, kept)]
    far = 0
    for x in range(small[0].width()):
        for y in range(small[0].height()):
            colours = [QColor(one.pixel(x, y)) for one in small]
            far += max(abs(a - b) for a, b in zip(colours[0].getRgb()[:3], colours[1].getRgb()[:3], strict=True)) > 40
    assert far < small[0].width() * small[0].height() / 500


_SIZES = re.compile(
    r"set(Fixed|Minimum|Maximum)(Width|Height|Size)|resize|resizeSection|setSpacing|setContentsMargins|addSpacing|setIconSize|pixmap|adjusted"
)


def _is_bare(argument: ast.expr) -> bool:
    """Returns whether a size is a number of pixels as it stands; 0, 1 and 2 are lines and frames."""
    value = argument.operand if isinstance(argument, ast.UnaryOp) else argument
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and abs(value.value) > 2


def test_no_size_outside_the_look_goes_around_the_unit() -> None:
    found = [
        f"{file}: {ast.unparse(node)}"
        for file, node in _nodes_outside_the_look()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and _SIZES.fullmatch(node.func.attr)
        and any(map(_is_bare, node.args))
    ]
    assert found == []
