"""The tray program around the windows: its start, its one instance, the session, toasts and popup."""
