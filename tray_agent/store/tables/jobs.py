"""The tables of jobs: schedules, runs, activity log."""
