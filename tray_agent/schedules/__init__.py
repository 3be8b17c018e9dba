"""Schedules: what SQL Server Agent calls a schedule, its planned times, and what is wrong with a set of them. Pure."""
