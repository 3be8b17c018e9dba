"""Compiles the translations before anything is built, so that a wheel and an editable install both have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTranslations(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook: ``assets/locale/*/LC_MESSAGES/*.po`` become ``.mo``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles every catalogue that is newer than its compiled form."""
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in Path(self.root, "assets", "locale").glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as readable:
                catalogue = read_po(readable)
            with source.with_suffix(".mo").open("wb") as writable:
                write_mo(writable, catalogue)
