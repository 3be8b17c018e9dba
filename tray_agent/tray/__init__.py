"""The tray: icon, menu and notices as data, and the adapters that show them."""
