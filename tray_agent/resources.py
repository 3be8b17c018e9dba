"""Where the files of ``assets`` are: in the wheel below this package, in a checkout beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def assets_folder() -> Path:
    """Returns the folder with icons, translations and default templates.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "assets", package.parent / "assets"):
        if (folder / "icons").is_dir():
            return folder
    raise FileNotFoundError(package / "assets")
