"""These tests run in Windows only (``make test-windows``); elsewhere they are not even collected."""

from __future__ import annotations

import sys

import pytest

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything below this folder."""
    for item in items:
        if "windows" in item.path.parts:
            item.add_marker(pytest.mark.windows)
