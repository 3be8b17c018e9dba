"""What is written can be read, what must be seen can be seen: WCAG 2.1, level AA, in light and dark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PyQt6.QtWidgets import QStyle, QStyleOption
from pytestqt.qtbot import QtBot

from tests.ui.palettes import PALETTES, dark_palette, light_palette
from ui.widgets.contrast import AA_TEXT, TEXT_PAIRS, contrast, focus_colour, is_dark, make_readable, mixed, shown
from ui.widgets.painted import Colours
from ui.widgets.style import ReadableStyle, field_colour, frame_colour

AA_SHAPE = 3.0
"""The least contrast of what must be seen but not read: the frame of a checkbox, the keyboard's place (1.4.11, level AA)."""


Role = QPalette.ColorRole


@pytest.mark.parametrize(("one", "other", "expected"), [("black", "white", 21.0), ("#777777", "white", 4.48), ("red", "red", 1.0)])
def test_contrast_is_that_of_the_guideline(one: str, other: str, expected: float) -> None:
    assert contrast(QColor(one), QColor(other)) == pytest.approx(expected, abs=0.01)
    assert contrast(QColor(other), QColor(one)) == contrast(QColor(one), QColor(other))


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS, ids=lambda role: role.name)
def test_every_text_can_be_read_on_its_ground(qtbot: QtBot, name: str, text: QPalette.ColorRole, ground: QPalette.ColorRole) -> None:
    palette = make_readable(PALETTES[name]())
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        behind = palette.color(group, ground)
        assert contrast(shown(palette.color(group, text), behind), behind) >= AA_TEXT


colours = st.builds(QColor, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))


@given(words=st.sampled_from(["black", "white"]), highlight=colours, highlighted=colours, placeholder=colours, link=colours)
def test_whatever_a_theme_brings_can_be_read(words: str, highlight: QColor, highlighted: QColor, placeholder: QColor, link: QColor) -> None:
    theme = light_palette() if words == "black" else dark_palette()
    for role, colour in (
        (Role.Highlight, highlight),
        (Role.HighlightedText, highlighted),
        (Role.PlaceholderText, placeholder),
        (Role.Link, link),
        (Role.LinkVisited, link),
    ):
        theme.setColor(role, colour)
    palette = make_readable(theme)
    for text, ground in TEXT_PAIRS:
        behind = palette.color(ground)
        assert contrast(shown(palette.color(text), behind), behind) >= AA_TEXT


def test_what_can_be_read_stays_as_the_theme_has_it(qtbot: QtBot) -> None:
    theme = light_palette()
    for role, colour in (
        (Role.Highlight, "#1a1aff"),
        (Role.HighlightedText, "#ffff00"),
        (Role.Link, "#00009f"),
        (Role.LinkVisited, "#55007f"),
    ):
        theme.setColor(role, QColor(colour))
    theme.setColor(Role.PlaceholderText, QColor("#333333"))
    assert make_readable(theme) == theme
    assert make_readable(make_readable(dark_palette())) == make_readable(dark_palette())


@pytest.mark.parametrize("name", PALETTES)
def test_the_keyboards_place_is_seen(qtbot: QtBot, name: str) -> None:
    palette = make_readable(PALETTES[name]())
    for ground in (Role.Window, Role.Base, Role.Button):
        assert contrast(focus_colour(palette), palette.color(ground)) >= AA_SHAPE


@pytest.mark.parametrize("name", PALETTES)
def test_the_time_lines_shapes_are_seen_and_its_words_read(qtbot: QtBot, name: str) -> None:
    palette = make_readable(PALETTES[name]())
    drawn = Colours.of(palette)
    ground = palette.color(Role.Base)
    assert contrast(drawn.text, ground) >= AA_TEXT
    for shape in (drawn.line, drawn.warning):
        for behind in (ground, mixed(drawn.faint, ground, 0.25), palette.color(Role.Window)):
            assert contrast(shape, behind) >= AA_SHAPE


@pytest.mark.parametrize("name", PALETTES)
def test_the_frame_of_a_checkbox_is_seen(qtbot: QtBot, name: str) -> None:
    option = QStyleOption()
    option.palette = make_readable(PALETTES[name]())
    option.state = QStyle.StateFlag.State_Enabled
    assert contrast(frame_colour(option), option.palette.color(Role.Base)) >= AA_SHAPE
    assert contrast(frame_colour(option), option.palette.color(Role.Window)) >= AA_SHAPE


@pytest.mark.parametrize("name", PALETTES)
def test_the_frame_of_a_field_is_seen(qtbot: QtBot, name: str) -> None:
    option = QStyleOption()
    option.palette = make_readable(PALETTES[name]())
    option.state = QStyle.StateFlag.State_Enabled
    assert contrast(field_colour(option), option.palette.color(Role.Window)) >= AA_SHAPE
    picture = QPixmap(40, 20)
    picture.fill(option.palette.color(Role.Window))
    option.rect = picture.rect()
    painter = QPainter(picture)
    ReadableStyle().drawPrimitive(QStyle.PrimitiveElement.PE_FrameLineEdit, option, painter)
    painter.end()
    assert contrast(picture.toImage().pixelColor(20, 0), option.palette.color(Role.Window)) >= AA_SHAPE


def test_icons_keep_their_colours_in_a_chosen_row(qtbot: QtBot) -> None:
    picture = QPixmap(8, 8)
    picture.fill(QColor("#1565c0"))
    tinted = ReadableStyle().generatedIconPixmap(QIcon.Mode.Selected, picture, QStyleOption())
    assert tinted.toImage().pixelColor(4, 4) == QColor("#1565c0")


def test_dark_is_told_from_light(qtbot: QtBot) -> None:
    assert [is_dark(PALETTES[name]()) for name in PALETTES] == [False, True]
