"""Who gets a message, who does not, and why: pure decisions."""
