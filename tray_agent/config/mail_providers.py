"""Where practices have their mail: what is to be set for a provider, and what it asks of who signs in there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tray_agent.i18n import N_


@dataclass(frozen=True, slots=True)
class MailProvider:
    """A provider.

    Attributes:
        key: how the command line names it.
        name: how people do.
        host, port, security, sign_in: as of ``mail`` in the configuration.
        told: what to know before signing in, in German; for ``_()``.
    """

    key: str
    name: str
    host: str
    port: int
    security: Literal["starttls", "tls"]
    told: str
    sign_in: Literal["password", "microsoft"] = "password"


PROVIDERS = (
    MailProvider(
        "microsoft", "Microsoft 365", "smtp.office365.com", 587, "starttls",
        N_("Microsoft 365 nimmt Passwörter nur noch, wo sein Administrator sie erlaubt. mail.client_id und mail.tenant gibt er an; "
           "danach an jedem Arbeitsplatz, der sendet, «vitoclient config mail-sign-in» aufrufen."),
        "microsoft",
    ),
    MailProvider(
        "google", "Google", "smtp.gmail.com", 587, "starttls",
        N_("Google nimmt nur ein App-Passwort: im Google-Konto die Bestätigung in zwei Schritten einschalten und eines erstellen."),
    ),
    MailProvider(
        "hin", "HIN", "smtp.mail.hin.ch", 587, "starttls",
        N_("Benutzer ist das HIN-Login, nicht die Adresse. Passwort ist ein Mail-Token von apps.hin.ch, für jedes Gerät ein eigenes; "
           "ein Token, das mehr als 30 Tage nicht gebraucht wird, löscht HIN. "
           "An Adressen ausserhalb von HIN geht eine E-Mail unverschlüsselt."),
    ),
    MailProvider("bluewin", "Bluewin", "smtpauths.bluewin.ch", 465, "tls", N_("Benutzer ist die ganze E-Mail-Adresse.")),
    MailProvider("infomaniak", "Infomaniak", "mail.infomaniak.com", 465, "tls", N_("Benutzer ist die ganze E-Mail-Adresse.")),
)  # fmt: skip
"""HIN: support.hin.ch ("Mail Clients"); Bluewin: swisscom.ch (server settings); Infomaniak: its knowledge base (ports), all as of 2026."""


def provider_of(host: str) -> MailProvider | None:
    """Returns whose server this is; None where it is nobody's that is known here: a practice's own, or another hoster's."""
    return next((one for one in PROVIDERS if one.host == host.strip().lower()), None)
