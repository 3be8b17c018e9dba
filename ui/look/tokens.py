"""The colours by what they are for: one set for light, one for dark, one read from the system where it is in high contrast.

Whoever paints asks ``tokens()`` while it paints and keeps nothing: so a window that is open follows a change at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from PyQt6.QtGui import QColor, QPalette

_Role = QPalette.ColorRole


@dataclass(frozen=True, slots=True)
class Tokens:
    """One set of colours. The grounds are for what a person must act on; what is in order has none.

    Attributes:
        window: the ground of windows.
        base: the ground of cards, fields and lists.
        alternate: a ground a little apart from ``base``.
        text: words.
        soft: quiet words, hints, pictures of what only waits.
        button: the ground of a plain button.
        chosen, on_chosen: the ground of a chosen row, and words on it.
        accent, accent_hover, on_accent: the main button, ticks and the place of the keyboard; under the mouse; words on it.
        link: words that open something.
        line: an ornament between things.
        edge: the frame of a field, of what can be ticked.
        button_frame: the frame of a plain button; its word names it.
        hover, pressed: the ground of a row or button under the mouse, and while it is pressed.
        ok, warning, error, info: the words of states, and their pictures.
        warning_shape: the picture of a warning.
        ok_ground, warning_ground, error_ground, info_ground, quiet_ground: tinted grounds.
        bar, bar_strong: a chart's parts.
        disabled: words that can't be used now.
        high_contrast: whether the system's own colours are in force: then states are told by outline and word alone.
    """

    window: QColor
    base: QColor
    alternate: QColor
    text: QColor
    soft: QColor
    button: QColor
    chosen: QColor
    on_chosen: QColor
    accent: QColor
    accent_hover: QColor
    on_accent: QColor
    link: QColor
    line: QColor
    edge: QColor
    button_frame: QColor
    hover: QColor
    pressed: QColor
    ok: QColor
    warning: QColor
    warning_shape: QColor
    error: QColor
    info: QColor
    ok_ground: QColor
    warning_ground: QColor
    error_ground: QColor
    info_ground: QColor
    quiet_ground: QColor
    bar: QColor
    bar_strong: QColor
    disabled: QColor
    high_contrast: bool = False

    def of(self, name: str) -> QColor:
        """Returns a colour by its name."""
        found: QColor = getattr(self, name)
        return found


_TABLE = """
window          F3F5F5 1B2021
base            FFFFFF 242A2C
alternate       F7F9F9 282F31
text            1A2123 E7ECEC
soft            566164 A8B3B4
button          FFFFFF 2E3638
chosen          D5ECE8 1F4B46
on_chosen       0F2A27 EAF6F4
accent          00796B 4DB6A8
accent_hover    00695D 66C4B7
on_accent       FFFFFF 06211E
link            006B5F 6FCDC0
line            DDE3E3 364043
edge            7C898A 7A878A
button_frame    B5BFC0 586467
hover           EEF3F2 313A3C
pressed         E1E9E8 3A4446
ok              2A762E 81C784
warning         8A5200 F2B84B
warning_shape   B86E00 F2B84B
error           B3261E F2958E
info            1F5FA8 8AB8EE
ok_ground       E7F3E8 21352A
warning_ground  FFF5E0 363022
error_ground    FDEEEC 3C2A2A
info_ground     E7F0FA 23354A
quiet_ground    E9EEEE 30383A
bar             529F96 3E7F77
bar_strong      004B43 A5E3DA
disabled        8A9496 6F7A7D
"""
"""Each colour in light and in dark."""


def _column(place: int) -> Tokens:
    rows = (line.split() for line in _TABLE.strip().splitlines())
    return _made({row[0]: QColor(f"#{row[place]}") for row in rows})


def _made(colours: dict[str, QColor], *, high_contrast: bool = False) -> Tokens:
    return Tokens(high_contrast=high_contrast, **colours)


LIGHT, DARK = _column(1), _column(2)

_GROUNDS = (
    *("window", "base", "alternate", "button", "hover", "pressed"),
    *("ok_ground", "warning_ground", "error_ground", "info_ground", "quiet_ground"),
)

TEXT_PAIRS = (
    *((word, ground) for word in ("text", "soft") for ground in _GROUNDS),
    *(("link", ground) for ground in ("window", "base", "hover", "chosen")),
    *(("on_chosen", "chosen"), ("on_accent", "accent"), ("on_accent", "accent_hover")),
    *(("soft", "chosen"),),
    *((state, ground) for state in ("ok", "warning", "error", "info") for ground in ("base", f"{state}_ground")),
    *(("error", "window"), ("error", "hover")),
)
"""Words and the grounds that they stand on: each pair has the contrast of text."""

SHAPE_PAIRS = (
    *(("edge", ground) for ground in ("window", "base")),
    *((state, ground) for state in ("accent", "ok", "error", "info", "warning_shape") for ground in ("window", "base", "chosen")),
    *(("bar", "base"), ("bar_strong", "bar"), ("disabled", "base")),
)
"""Shapes that tell something, and what they stand on."""


def of_system(palette: QPalette) -> Tokens:
    """Returns the colours of a system in high contrast: none of ours, so that nothing can be unreadable."""
    ground, word = palette.color(_Role.Window), palette.color(_Role.WindowText)
    values = {
        **dict.fromkeys((name.name for name in fields(Tokens) if name.name != "high_contrast"), word),
        **dict.fromkeys(_GROUNDS, ground),
        **dict.fromkeys(("accent", "accent_hover", "chosen", "bar"), palette.color(_Role.Highlight)),
        **dict.fromkeys(("on_accent", "on_chosen"), palette.color(_Role.HighlightedText)),
        "link": palette.color(_Role.Link),
        "disabled": palette.color(QPalette.ColorGroup.Disabled, _Role.WindowText),
    }
    return _made(values, high_contrast=True)


def palette_of(colours: Tokens) -> QPalette:
    """Returns the palette that Qt's own widgets take their colours from; of all groups, or rows would fade with the window's focus."""
    roles = {
        _Role.Window: colours.window,
        **dict.fromkeys((_Role.Base, _Role.Light, _Role.ToolTipBase), colours.base),
        _Role.AlternateBase: colours.alternate,
        **dict.fromkeys((_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.ToolTipText), colours.text),
        _Role.PlaceholderText: colours.soft,
        _Role.Button: colours.button,
        _Role.Highlight: colours.chosen,
        _Role.HighlightedText: colours.on_chosen,
        _Role.Accent: colours.accent,
        **dict.fromkeys((_Role.Link, _Role.LinkVisited), colours.link),
        _Role.BrightText: colours.error,
        _Role.Midlight: colours.hover,
        _Role.Mid: colours.line,
        **dict.fromkeys((_Role.Dark, _Role.Shadow), colours.edge),
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(QPalette.ColorGroup.All, role, colour)
    off = QPalette.ColorGroup.Disabled
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.HighlightedText, _Role.PlaceholderText, _Role.Accent):
        palette.setColor(off, role, colours.disabled)
    palette.setColor(off, _Role.Base, colours.window)
    palette.setColor(off, _Role.Highlight, colours.pressed)
    return palette


_in_force: Tokens = LIGHT


def tokens() -> Tokens:
    """Returns the colours in force now; to be read while painting."""
    return _in_force


def use(colours: Tokens) -> None:
    """Puts other colours in force; whoever calls it sees to it that all is painted anew (``ui.look.apply``)."""
    global _in_force  # noqa: PLW0603 - one look for the whole program, as Qt has one palette
    _in_force = colours
