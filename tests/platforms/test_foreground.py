"""Coming to the front, where the desktop has no rule for it."""

from __future__ import annotations

import sys

from tray_agent.platforms.foreground import Foreground

if sys.platform != "win32":

    def test_where_anyone_may_nothing_is_to_be_passed_on_and_qt_does_the_rest() -> None:
        front = Foreground()
        assert front.allow(None)
        assert front.allow(1)
        assert not front.take(1)
