"""Why a message is not sent: typed reasons, each with a sentence for the practice.

The reasons stand in the activity log, in the outbox (errors and cancelled messages), in the preview and in counts by
reason (``JobResult.skipped``). Codes are stable; sentences are German source texts, translated when shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from tray_agent.i18n import N_, _


class Reason(StrEnum):
    """Why a patient gets no message (domain, section 4)."""

    SWITCHED_OFF = "switched_off"
    PATIENT_MISSING = "patient_missing"
    DECEASED = "deceased"
    OPTED_OUT = "opted_out"
    DATA_UNREADABLE = "data_unreadable"

    APPOINTMENT_MISSING = "appointment_missing"
    PROVISIONAL = "provisional"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_OVER = "appointment_over"
    STATUS_UNKNOWN = "status_unknown"
    APPOINTMENT_BEGUN = "appointment_begun"
    OUTSIDE_WINDOW = "outside_window"
    VISIT_REASON = "visit_reason"
    ALREADY_REMINDED = "already_reminded"
    TOLD_ANOTHER_TIME = "told_another_time"
    TOLD_ANOTHER_PATIENT = "told_another_patient"
    MOVED_NOT_REPEATED = "moved_not_repeated"
    ANOTHER_THAT_DAY = "another_that_day"
    MOVED_AWAY = "moved_away"

    NO_BIRTHDAY = "no_birthday"
    ALREADY_GREETED = "already_greeted"
    BIRTHDAY_OVER = "birthday_over"

    NO_CONTACT = "no_contact"
    LANDLINE_ONLY = "landline_only"
    CONTACT_INVALID = "contact_invalid"
    CHANNEL_NOT_SET_UP = "channel_not_set_up"
    RECIPIENT_REFUSED = "recipient_refused"

    NO_MANDANT = "no_mandant"
    MANDANT_UNKNOWN = "mandant_unknown"
    LICENCE_MISSING = "licence_missing"
    LICENCE_MALFORMED = "licence_malformed"
    LICENCE_NOT_YET_VALID = "licence_not_yet_valid"
    LICENCE_EXPIRED = "licence_expired"
    NO_TEMPLATE = "no_template"
    NO_CREDITS = "no_credits"


class Weight(Enum):
    """How much a reason asks of the practice."""

    ORDINARY = "ordinary"
    """As it should be: a cancelled appointment, an opted-out patient, a reminder that went out already."""

    REMIND_OTHERWISE = "remind_otherwise"
    """The patient can't be reached by message: call or write."""

    TO_MEND = "to_mend"
    """The practice can mend it (Mandant, licence, template, credits, data); then the message is prepared."""


@dataclass(frozen=True, slots=True)
class _Told:
    sentence: str
    advice: str
    weight: Weight


_ORDINARY = Weight.ORDINARY
_OTHERWISE = Weight.REMIND_OTHERWISE
_MEND = Weight.TO_MEND

_TOLD: dict[Reason, _Told] = {
    Reason.SWITCHED_OFF: _Told(
        N_("Der Schalter für diese Mitteilungen steht auf Nein."), N_("Schalter unter «Schalter…» auf Ja stellen."), _ORDINARY
    ),
    Reason.PATIENT_MISSING: _Told(
        N_("Der Patient ist in der Praxissoftware nicht mehr vorhanden."), N_("Termin und Patient in der Praxissoftware prüfen."), _MEND
    ),
    Reason.DECEASED: _Told(N_("Beim Patienten ist ein Sterbedatum erfasst."), "", _ORDINARY),
    Reason.OPTED_OUT: _Told(N_("Der Patient wünscht keine Mitteilungen."), "", _ORDINARY),
    Reason.DATA_UNREADABLE: _Told(
        N_("Angaben zum Patienten oder Termin sind nicht lesbar; im Zweifel wird nichts gesendet."),
        N_("«vitoclient doctor» zeigt, welche Angaben der Praxisdaten falsch sind."),
        _MEND,
    ),
    Reason.APPOINTMENT_MISSING: _Told(N_("Der Termin wurde in der Praxissoftware gelöscht."), "", _ORDINARY),
    Reason.PROVISIONAL: _Told(N_("Der Termin ist erst provisorisch."), N_("Termin bestätigen, wenn er gilt."), _ORDINARY),
    Reason.APPOINTMENT_CANCELLED: _Told(N_("Der Termin ist abgesagt."), "", _ORDINARY),
    Reason.APPOINTMENT_OVER: _Told(N_("Der Termin ist bereits erledigt oder wurde nicht wahrgenommen."), "", _ORDINARY),
    Reason.STATUS_UNKNOWN: _Told(
        N_("Der Terminstatus ist unbekannt; erinnert wird nur an definitive Termine."),
        N_("Terminstatus in der Praxissoftware oder in der Sicht vitoclient_appointments prüfen."),
        _MEND,
    ),
    Reason.APPOINTMENT_BEGUN: _Told(N_("Der Termin hat bereits begonnen."), "", _ORDINARY),
    Reason.OUTSIDE_WINDOW: _Told(N_("Der Termin liegt nicht im Zeitraum, in dem nach Terminen gesucht wird."), "", _ORDINARY),
    Reason.VISIT_REASON: _Told(N_("An Termine mit diesem Besuchsgrund wird nicht erinnert."), "", _ORDINARY),
    Reason.ALREADY_REMINDED: _Told(N_("Für diesen Termin ist bereits eine Erinnerung vorbereitet oder gesendet."), "", _ORDINARY),
    Reason.TOLD_ANOTHER_TIME: _Told(
        N_("Der Termin wurde verschoben und wieder zurück; zuletzt wurde dem Patienten eine andere Zeit mitgeteilt."),
        N_("Patienten anrufen oder anschreiben."),
        _OTHERWISE,
    ),
    Reason.TOLD_ANOTHER_PATIENT: _Told(
        N_("Die Erinnerung an diesen Termin ging an einen anderen Patienten, dem er damals gehörte."),
        N_("Patienten anrufen oder anschreiben."),
        _OTHERWISE,
    ),
    Reason.MOVED_NOT_REPEATED: _Told(
        N_("Der Termin wurde nach der Erinnerung verschoben; der Schalter VerschobeneErneutErinnern steht auf Nein."), "", _ORDINARY
    ),
    Reason.ANOTHER_THAT_DAY: _Told(N_("Der Patient wird an diesem Tag bereits an einen anderen Termin erinnert."), "", _ORDINARY),
    Reason.MOVED_AWAY: _Told(
        N_("Der Termin wurde auf einen späteren Tag verschoben; die Erinnerung folgt rechtzeitig vorher."), "", _ORDINARY
    ),
    Reason.NO_BIRTHDAY: _Told(N_("Der Patient hat an diesem Tag nicht Geburtstag."), "", _ORDINARY),
    Reason.ALREADY_GREETED: _Told(N_("Für diesen Geburtstag ist bereits ein Glückwunsch vorbereitet oder gesendet."), "", _ORDINARY),
    Reason.BIRTHDAY_OVER: _Told(N_("Der Geburtstag ist vorbei; nachträglich wird nicht gratuliert."), "", _ORDINARY),
    Reason.NO_CONTACT: _Told(
        N_("Beim Patienten ist weder eine Mobiltelefonnummer noch eine E-Mail-Adresse hinterlegt."),
        N_("Patienten anrufen oder anschreiben; Mobiltelefonnummer oder E-Mail-Adresse erfassen."),
        _OTHERWISE,
    ),
    Reason.LANDLINE_ONLY: _Told(
        N_("Beim Patienten ist nur eine Nummer hinterlegt, an die keine SMS geht (z. B. ein Festnetzanschluss)."),
        N_("Patienten anrufen oder anschreiben; Mobiltelefonnummer oder E-Mail-Adresse erfassen."),
        _OTHERWISE,
    ),
    Reason.CONTACT_INVALID: _Told(
        N_("Die hinterlegte Telefonnummer oder E-Mail-Adresse ist nicht verwendbar."),
        N_("Patienten anrufen oder anschreiben; Nummer oder Adresse berichtigen."),
        _OTHERWISE,
    ),
    Reason.CHANNEL_NOT_SET_UP: _Told(
        N_("Der Patient ist nur auf einem Weg erreichbar (SMS oder E-Mail), der in dieser Praxis nicht eingerichtet ist."),
        N_("SMS-Konto oder Mailserver in der Konfiguration einrichten."),
        _MEND,
    ),
    Reason.RECIPIENT_REFUSED: _Told(
        N_("Diese Nummer oder Adresse wurde bei einem früheren Versuch endgültig abgewiesen."),
        N_("Patienten anrufen oder anschreiben; Nummer oder Adresse berichtigen."),
        _OTHERWISE,
    ),
    Reason.NO_MANDANT: _Told(
        N_("Der Patient hat keine Behandlung, und der Schalter DefaultSMSMandant ist leer."),
        N_("Schalter DefaultSMSMandant setzen."),
        _MEND,
    ),
    Reason.MANDANT_UNKNOWN: _Told(
        N_("Der Mandant, der belastet würde, ist nicht vorhanden."),
        N_("Behandlung des Patienten und Schalter DefaultSMSMandant prüfen."),
        _MEND,
    ),
    Reason.LICENCE_MISSING: _Told(
        N_("Der Mandant hat keine Lizenznummer."), N_("Lizenznummer beim Mandanten erfassen."), _MEND
    ),
    Reason.LICENCE_MALFORMED: _Told(
        N_("Die Lizenznummer des Mandanten ist ungültig (Prüfziffern stimmen nicht)."),
        N_("Lizenznummer beim Mandanten berichtigen."),
        _MEND,
    ),
    Reason.LICENCE_NOT_YET_VALID: _Told(
        N_("Die Lizenz des Mandanten ist noch nicht gültig."), N_("Gültigkeit der Lizenz beim Mandanten prüfen."), _MEND
    ),
    Reason.LICENCE_EXPIRED: _Told(N_("Die Lizenz des Mandanten ist abgelaufen."), N_("Lizenz des Mandanten erneuern."), _MEND),
    Reason.NO_TEMPLATE: _Told(
        N_("Es gibt keine Textvorlage, weder in der Sprache des Patienten noch in der Ersatzsprache."),
        N_("Textvorlage unter «Textvorlagen…» erstellen."),
        _MEND,
    ),
    Reason.NO_CREDITS: _Told(
        N_("Das Guthaben des Mandanten ist aufgebraucht."), N_("Guthaben aufladen, dann wird beim nächsten Lauf gesendet."), _MEND
    ),
}  # fmt: skip


def sentence_of(reason: Reason) -> str:
    """Returns what happened, as a sentence in the language in force."""
    return _(_TOLD[reason].sentence)


def advice_of(reason: Reason) -> str:
    """Returns what to do now, as a sentence in the language in force; "" where nothing is to be done."""
    advice = _TOLD[reason].advice
    return _(advice) if advice else ""


def weight_of(reason: Reason) -> Weight:
    """Returns how much a reason asks of the practice; everything but ``ORDINARY`` counts as a problem of the run."""
    return _TOLD[reason].weight
