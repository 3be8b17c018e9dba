"""What differs between Windows and Linux, each behind a small interface.

A module named after its purpose (``autostart``) holds the interface and picks the implementation; what can only be
imported on one system stands beside it (``autostart_windows``) and is imported when it is needed.
"""
