"""The engine of vitoclient-Services: runs whole without a window.

The package never imports Qt or ``ui``; the one place that does is ``tray_agent.desktop``,
the composition root that starts the desktop program.
"""

__version__ = "0.1.0"

PROGRAM_NAME = "vitoclient-Services"
