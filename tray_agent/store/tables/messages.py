"""The tables of messages: templates, outbox, attempts, credits."""
