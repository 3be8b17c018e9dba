"""The look: colours, type, icons and the style, as data first and drawn in one place. Nothing else names a colour, a font or pixels."""
