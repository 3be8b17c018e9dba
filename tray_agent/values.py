"""Values that are made by the thousand: dataclasses that nobody changes once they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen: bool, slots: bool) -> Callable[[type], type]:
        """Makes a frozen dataclass: the type checker refuses who changes one, and no time is spent on it while the program runs.

        Python takes five times as long to make one that it keeps from being changed itself, and a message is a dozen such values.
        """
        return dataclass(slots=slots, unsafe_hash=frozen)
