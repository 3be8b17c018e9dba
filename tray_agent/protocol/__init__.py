"""What was done: the history of runs and the activity log."""
