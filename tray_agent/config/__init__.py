"""This machine's configuration and secrets, and the declaration of the practice-wide switches."""
