"""Jobs: schedules, planned times, one run on one workstation, history. Knows nothing of downloads and messages."""
