"""The outbox: one row for every message, its states, and who may change them."""
