"""What the windows show and do, as values without Qt: tested without a screen, drawn by ``ui.dialogs``."""
