"""Runs in Windows: prints version, publisher and product of programs, as their properties show them.

usage: check_properties.py FILE …
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

from typing import Any

import win32api

ask: Any = win32api.GetFileVersionInfo
for file in sys.argv[1:]:
    language, code_page = ask(file, "\\VarFileInfo\\Translation")[0]
    block = f"\\StringFileInfo\\{language:04X}{code_page:04X}\\"
    said = {name: ask(file, block + name) for name in ("FileVersion", "CompanyName", "ProductName")}
    print(f"{file.rsplit(chr(92), 1)[-1]}: {said['ProductName']} {said['FileVersion']}, {said['CompanyName']}")
