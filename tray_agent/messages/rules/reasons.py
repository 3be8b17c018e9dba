"""Why a message is not sent: typed reasons, each with a sentence for the practice.

The reasons stand in the activity log, in the outbox (errors and cancelled messages), in the preview and in counts by
reason (``JobResult.skipped``). Codes are stable; sentences are German source texts, translated when shown.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Self

from tray_agent.i18n import N_, _


class Weight(Enum):
    """How much a reason asks of the practice."""

    ORDINARY = "ordinary"
    """As it should be: a cancelled appointment, an opted-out patient, a reminder that went out already."""

    CALL_OR_WRITE = "call_or_write"
    """The patient can't be reached by message: call or write."""

    TO_FIX = "to_fix"
    """The practice can put it right (Mandant, licence, template, credits, data); then the message is prepared."""


_ORDINARY, _CALL, _FIX = Weight.ORDINARY, Weight.CALL_OR_WRITE, Weight.TO_FIX


class Reason(StrEnum):
    """Why a patient gets no message (domain, section 4): the code, its weight, what happened, and what to do now.

    Attributes:
        weight: how much it asks of the practice; everything but ``ORDINARY`` counts as a problem of the run.
        source_sentence, source_advice: the German source texts; ``sentence`` and ``advice`` are in the language in force.
    """

    weight: Weight
    source_sentence: str
    source_advice: str

    def __new__(cls, code: str, weight: Weight = _ORDINARY, sentence: str = "", advice: str = "") -> Self:
        """Returns a reason; its value is the code. The defaults are for type checkers: ``Reason("deceased")`` finds one by its code."""
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.weight, reason.source_sentence, reason.source_advice = weight, sentence, advice
        return reason

    SWITCHED_OFF = (
        "switched_off",
        _ORDINARY,
        N_("Der Schalter für diese Mitteilungen steht auf Nein."),
        N_("Schalter unter «Schalter…» auf Ja stellen."),
    )
    PATIENT_MISSING = (
        "patient_missing",
        _FIX,
        N_("Der Patient ist in der Praxissoftware nicht mehr vorhanden."),
        N_("Termin und Patient in der Praxissoftware prüfen."),
    )
    DECEASED = "deceased", _ORDINARY, N_("Beim Patienten ist ein Sterbedatum erfasst.")
    DECEASED_BY_NAME = (
        "deceased_by_name",
        _FIX,
        N_("Neben dem Namen des Patienten steht, dass er verstorben ist; ein Sterbedatum ist nicht erfasst."),
        N_("Bitte prüfen und in der Praxissoftware das Sterbedatum erfassen oder den Vermerk entfernen; angerufen wird niemand."),
    )
    OPTED_OUT = "opted_out", _ORDINARY, N_("Der Patient wünscht keine Mitteilungen.")
    DATA_UNREADABLE = (
        "data_unreadable",
        _FIX,
        N_("Angaben zum Patienten oder Termin sind nicht lesbar; im Zweifel wird nichts gesendet."),
        N_("«vitoclient doctor» zeigt, welche Angaben der Praxisdaten falsch sind."),
    )

    WISH_UNKNOWN = (
        "wish_unknown",
        _CALL,
        N_("Als Versandweg ist beim Patienten weder SMS noch E-Mail erfasst."),
        N_("Patienten anrufen oder anschreiben, wie er es wünscht."),
    )
    START_UNKNOWN = (
        "start_unknown",
        _FIX,
        N_("Der Beginn des Termins ist nicht lesbar; nicht einmal der Tag ist bekannt."),
        N_("Beginn in der Praxissoftware oder in der Sicht vitoclient_appointments berichtigen; «vitoclient doctor» nennt den Termin."),
    )
    START_UNREADABLE = (
        "start_unreadable",
        _FIX,
        N_("Der Beginn des Termins ist nicht lesbar; welcher gemeint ist, kann nur die Praxis sagen."),
        N_("Patienten anrufen oder anschreiben; Beginn in der Praxissoftware oder in der Sicht vitoclient_appointments berichtigen."),
    )
    NO_TIME_OF_DAY = (
        "no_time_of_day",
        _FIX,
        N_("Termin ohne Uhrzeit: er beginnt um Mitternacht oder gilt für den ganzen Tag."),
        N_("Uhrzeit in der Praxissoftware eintragen oder den Patienten anrufen."),
    )
    NO_SUCH_TIME = (
        "no_such_time",
        _FIX,
        N_("Den Beginn des Termins gibt es nicht: in dieser Stunde wird auf Sommerzeit umgestellt."),
        N_("Beginn in der Praxissoftware berichtigen oder den Patienten anrufen."),
    )
    VISIT_REASON_UNKNOWN = (
        "visit_reason_unknown",
        _FIX,
        N_("Der Besuchsgrund des Termins ist in der Sicht vitoclient_visit_reasons nicht vorhanden oder nicht lesbar."),
        N_("Besuchsgrund in der Praxissoftware oder die Sicht prüfen; bis dahin den Patienten anrufen."),
    )

    APPOINTMENT_MISSING = (
        "appointment_missing",
        _FIX,
        N_("Der Termin fehlt in der Agenda; ob er gelöscht wurde oder die Daten falsch sind, ist noch unklar."),
        N_("Termin in der Praxissoftware prüfen."),
    )
    APPOINTMENT_DELETED = "appointment_deleted", _ORDINARY, N_("Der Termin wurde in der Praxissoftware gelöscht.")
    PROVISIONAL = "provisional", _ORDINARY, N_("Der Termin ist erst provisorisch."), N_("Termin bestätigen, wenn er gilt.")
    APPOINTMENT_CANCELLED = "appointment_cancelled", _ORDINARY, N_("Der Termin ist abgesagt.")
    APPOINTMENT_OVER = "appointment_over", _ORDINARY, N_("Der Termin ist bereits erledigt oder wurde nicht wahrgenommen.")
    STATUS_UNKNOWN = (
        "status_unknown",
        _FIX,
        N_("Der Terminstatus ist unbekannt; erinnert wird nur an definitive Termine."),
        N_("Terminstatus in der Praxissoftware oder in der Sicht vitoclient_appointments prüfen."),
    )
    APPOINTMENT_BEGUN = "appointment_begun", _ORDINARY, N_("Der Termin hat bereits begonnen.")
    OUTSIDE_WINDOW = "outside_window", _ORDINARY, N_("Der Termin liegt nicht im Zeitraum, in dem nach Terminen gesucht wird.")
    VISIT_REASON = "visit_reason", _ORDINARY, N_("An Termine mit diesem Besuchsgrund wird nicht erinnert.")
    ALREADY_REMINDED = "already_reminded", _ORDINARY, N_("Für diesen Termin ist bereits eine Erinnerung vorbereitet oder gesendet.")
    TOLD_ANOTHER_TIME = (
        "told_another_time",
        _CALL,
        N_("Der Termin wurde verschoben; zuletzt wurde dem Patienten eine andere Zeit mitgeteilt."),
        N_("Patienten anrufen oder anschreiben."),
    )
    TOLD_ANOTHER_PATIENT = (
        "told_another_patient",
        _CALL,
        N_("Die Erinnerung an diesen Termin ging an einen anderen Patienten, dem er damals gehörte."),
        N_("Patienten anrufen oder anschreiben."),
    )
    TOLD_ANOTHER_DOCTOR = (
        "told_another_doctor",
        _CALL,
        N_("Der Termin ist bei einem anderen Arzt, als dem Patienten mitgeteilt wurde."),
        N_("Patienten anrufen oder anschreiben."),
    )
    BOOKED_AFTERWARDS = (
        "booked_afterwards",
        _ORDINARY,
        N_("Der Termin wurde erst gebucht oder definitiv, nachdem für diesen Tag aufbereitet worden war."),
    )
    MOVED_BACK = "moved_back", _ORDINARY, N_("Der Termin hat wieder die Zeit, die dem Patienten mitgeteilt ist.")
    MOVED_NOT_REPEATED = (
        "moved_not_repeated",
        _ORDINARY,
        N_("Der Termin wurde nach der Erinnerung verschoben; der Schalter VerschobeneErneutErinnern steht auf Nein."),
    )
    ANOTHER_THAT_DAY = "another_that_day", _ORDINARY, N_("Der Patient wird an diesem Tag bereits an einen anderen Termin erinnert.")
    MOVED_AWAY = "moved_away", _ORDINARY, N_("Der Termin wurde auf einen späteren Tag verschoben; die Erinnerung folgt rechtzeitig vorher.")

    SAME_WORDS = (
        "same_words",
        _ORDINARY,
        N_("Dieselbe Nummer oder Adresse bekommt an diesem Tag bereits denselben Text; es geht nur eine Mitteilung."),
    )

    NO_BIRTHDAY = "no_birthday", _ORDINARY, N_("Der Patient hat an diesem Tag nicht Geburtstag.")
    ALREADY_GREETED = "already_greeted", _ORDINARY, N_("Für diesen Geburtstag ist bereits ein Glückwunsch vorbereitet oder gesendet.")
    BIRTHDAY_OVER = "birthday_over", _ORDINARY, N_("Der Geburtstag ist vorbei; nachträglich wird nicht gratuliert.")

    NO_CONTACT = (
        "no_contact",
        _CALL,
        N_("Beim Patienten ist weder eine Mobiltelefonnummer noch eine E-Mail-Adresse hinterlegt."),
        N_("Patienten anrufen oder anschreiben; Mobiltelefonnummer oder E-Mail-Adresse erfassen."),
    )
    LANDLINE_ONLY = (
        "landline_only",
        _CALL,
        N_("Beim Patienten ist nur eine Nummer hinterlegt, an die keine SMS geht (z. B. ein Festnetzanschluss)."),
        N_("Patienten anrufen oder anschreiben; Mobiltelefonnummer oder E-Mail-Adresse erfassen."),
    )
    CONTACT_INVALID = (
        "contact_invalid",
        _CALL,
        N_("Die hinterlegte Telefonnummer oder E-Mail-Adresse ist nicht verwendbar."),
        N_("Patienten anrufen oder anschreiben; Nummer oder Adresse berichtigen."),
    )
    CHANNEL_NOT_SET_UP = (
        "channel_not_set_up",
        _FIX,
        N_("Der Patient ist nur auf einem Weg erreichbar (SMS oder E-Mail), der in dieser Praxis nicht eingerichtet ist."),
        N_("SMS-Konto oder Mailserver in der Konfiguration einrichten."),
    )
    RECIPIENT_REFUSED = (
        "recipient_refused",
        _CALL,
        N_("Diese Nummer oder Adresse wurde bei einem früheren Versuch endgültig abgewiesen."),
        N_("Patienten anrufen oder anschreiben; Nummer oder Adresse berichtigen."),
    )

    NO_MANDANT = (
        "no_mandant",
        _FIX,
        N_("Der Patient hat keine Behandlung, und der Schalter DefaultSMSMandant ist leer."),
        N_("Schalter DefaultSMSMandant setzen."),
    )
    MANDANT_UNKNOWN = (
        "mandant_unknown",
        _FIX,
        N_("Der Mandant, der belastet würde, ist nicht vorhanden."),
        N_("Behandlung des Patienten und Schalter DefaultSMSMandant prüfen."),
    )
    LICENCE_MISSING = "licence_missing", _FIX, N_("Der Mandant hat keine Lizenznummer."), N_("Lizenznummer beim Mandanten erfassen.")
    LICENCE_MALFORMED = (
        "licence_malformed",
        _FIX,
        N_("Die Lizenznummer des Mandanten ist ungültig (Prüfziffern stimmen nicht)."),
        N_("Lizenznummer beim Mandanten berichtigen."),
    )
    LICENCE_NOT_YET_VALID = (
        "licence_not_yet_valid",
        _FIX,
        N_("Die Lizenz des Mandanten ist noch nicht gültig."),
        N_("Gültigkeit der Lizenz beim Mandanten prüfen."),
    )
    LICENCE_EXPIRED = "licence_expired", _FIX, N_("Die Lizenz des Mandanten ist abgelaufen."), N_("Lizenz des Mandanten erneuern.")
    NO_TEMPLATE = (
        "no_template",
        _FIX,
        N_("Es gibt keine Textvorlage, weder in der Sprache des Patienten noch in der Ersatzsprache."),
        N_("Textvorlage unter «Textvorlagen…» erstellen."),
    )
    NO_CREDITS = (
        "no_credits",
        _FIX,
        N_("Das Guthaben des Mandanten ist aufgebraucht."),
        N_("Guthaben aufladen, dann wird gesendet."),
    )

    @property
    def sentence(self) -> str:
        """Returns what happened, as a sentence in the language in force."""
        return _(self.source_sentence)

    @property
    def advice(self) -> str:
        """Returns what to do now, as a sentence in the language in force; "" where nothing is to be done."""
        return _(self.source_advice) if self.source_advice else ""


ABSENT = frozenset({Reason.APPOINTMENT_MISSING, Reason.PATIENT_MISSING})
"""What was read of the practice's data is not there (any more): a fault or a fact, which one reading does not tell."""
