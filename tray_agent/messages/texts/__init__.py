"""What a message says: templates, placeholders, segments."""
