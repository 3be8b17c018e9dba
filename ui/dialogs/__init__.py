"""The windows of the program, one module each; ``job_history`` holds ``JobHistoryDialog``, made from a ``DialogContext``."""
