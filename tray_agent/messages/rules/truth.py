"""What is true of a message now: what it tells is compared with the agenda. Pure.

Preparing and the call list ask it of what patients were told; the check before sending decides anew (``eligibility``).

Sources: domain, section 4 ("what the patient was told is compared with the agenda at every run"); decision record 0019.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tray_agent.messages.model import Standing
from tray_agent.practice.model import Appointment, AppointmentStatus

BELIEVED_AFTER = timedelta(minutes=30)
"""So far apart two readings must be before it is believed that an appointment is gone."""

FEW = 2
"""If more appointments are gone at once, a person is asked."""

_SAID = frozenset({"id", "patient_id", "starts_at"})
"""What a message says of its appointment."""


def truth_of(starts_at: datetime, patient_id: str, appointment: Appointment | None) -> Standing:
    """Returns how a message stands to its appointment as it is now.

    An appointment that can't be read is as it was told: nothing is known against it.

    Args:
        starts_at: the start that the message tells: local wall clock, naive, whole minutes.
        patient_id: to whom it tells it.
        appointment: None: the agenda does not have it.
    """
    if appointment is None:
        return Standing.ABSENT
    if appointment.status is AppointmentStatus.CANCELLED:
        return Standing.CANCELLED
    if appointment.unreadable & _SAID:
        return Standing.AS_TOLD
    if appointment.patient_id != patient_id:
        return Standing.REASSIGNED
    return Standing.AS_TOLD if start_of(appointment) == starts_at else Standing.MOVED


def names_another_doctor(told: str | None, appointment: Appointment) -> bool:
    """Returns whether a text names another doctor than the appointment has; ``told`` is None where it names none."""
    return bool(told and appointment.doctor) and told != appointment.doctor


def start_of(appointment: Appointment) -> datetime:
    """Returns an appointment's start as keys write it: local wall clock, naive, whole minutes."""
    starts_at = appointment.starts_at
    return starts_at.replace(second=0, microsecond=0) if starts_at.second or starts_at.microsecond else starts_at
