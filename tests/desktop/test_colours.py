"""The palettes that the program really has on a screen, in light and in dark: every text can be read on its ground."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.desktop.rig import SmallDesktop
from ui.look.contrast import AA_TEXT
from ui.look.tokens import TEXT_PAIRS

pytestmark = [pytest.mark.desktop, pytest.mark.xdist_group("desktop")]

_PROGRAM = """
import json
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from ui.look.contrast import contrast, is_dark
from ui.look.tokens import TEXT_PAIRS, tokens
from ui.shell.application import create_application

application = create_application(["colours"])
hints = QGuiApplication.styleHints()
for scheme in (Qt.ColorScheme.Light, Qt.ColorScheme.Dark, Qt.ColorScheme.Light):  # also back: a switch while it runs
    hints.setColorScheme(scheme)
    application.processEvents()
    palette = application.palette()
    found = {}
    for word, ground in TEXT_PAIRS:
        found[f"{word} on {ground}"] = contrast(tokens().of(word), tokens().of(ground))
    print(json.dumps({"dark": is_dark(palette), "found": found}))
"""


def test_every_text_can_be_read_on_the_screen_in_light_and_dark(desktop: SmallDesktop) -> None:
    environment = desktop.environment | {"QT_QPA_PLATFORMTHEME": "gnome"}  # the theme that knows light and dark without a session
    done = subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["dark"] for one in told] == [False, True, False]
    for one in told:
        assert len(one["found"]) == len(TEXT_PAIRS)
        assert {pair: round(value, 2) for pair, value in one["found"].items() if value < AA_TEXT} == {}
