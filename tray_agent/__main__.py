"""``python -m tray_agent``: the command line."""

from __future__ import annotations

from tray_agent.cli import main

if __name__ == "__main__":
    main()
