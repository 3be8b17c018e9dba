"""What windows are made of."""
