"""The errors of jobs that a person can mend."""

from __future__ import annotations

from tray_agent.errors import InputError, KnownError


class UnknownJobError(InputError):
    """There is no job of that name."""

    code = "unknown_job"


class ChangedElsewhereError(KnownError):
    """Somebody else saved the same job in between; nothing was saved."""

    code = "changed_elsewhere"


class JobBusyError(KnownError):
    """The job runs already, here or on another computer; a job never runs twice at a time."""

    code = "job_busy"


class JobSwitchedOffError(KnownError):
    """The job's switch (Schalter) stands on Nein."""

    code = "switch_off"


class JobsPausedError(KnownError):
    """The practice paused this kind of job."""

    code = "paused"


class JobNotOfferedError(KnownError):
    """This program has no work for the job: its part is not configured here."""

    code = "not_offered"
