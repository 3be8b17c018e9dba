"""What both programs run: ``vitoclient.exe`` the command line, ``vitoclient-tray.exe`` the tray program without a console."""

import sys
from pathlib import Path

from tray_agent.cli import main, run_tray

if Path(sys.executable).stem.lower() == "vitoclient-tray":
    run_tray()
else:
    main()
