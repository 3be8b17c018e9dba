"""The gateways by kind: a second one is one class and one entry in ``KINDS``."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.i18n import _
from tray_agent.messages.gateways.contract import GatewayAccess, GatewayMissingError, SmsGateway

if TYPE_CHECKING:
    from tray_agent.clock import Clock
    from tray_agent.config.machine import GatewayAccount, GatewaySection
    from tray_agent.config.secrets import Secrets


_ORIGINATOR = re.compile(r"(?! )[ -~]{1,11}(?<! )|(\+|00)?[0-9]{6,16}")
"""A name of the GSM alphabet, or a telephone number; whether it is released is for the gateway to say."""


@dataclass(frozen=True, slots=True)
class GatewayKind:
    """A kind of gateway.

    Attributes:
        make: makes one for an account; imports it only then, because a program at rest needs no gateway.
        needs_password: whether the account's password must be there before anything is asked or sent.
    """

    make: Callable[[GatewayAccess], SmsGateway]
    needs_password: bool = True


def _aspsms(access: GatewayAccess) -> SmsGateway:
    from tray_agent.messages.gateways.aspsms import AspsmsGateway

    return AspsmsGateway(access)


def _file(access: GatewayAccess) -> SmsGateway:
    from tray_agent.messages.gateways.file import FileSmsGateway

    return FileSmsGateway(access.folder / "sms.jsonl", access.account, access.clock)


KINDS: dict[str, GatewayKind] = {"aspsms": GatewayKind(_aspsms), "file": GatewayKind(_file, needs_password=False)}
"""By the word that stands in the configuration (``gateway.kind``)."""


class SmsGateways(Mapping[str, SmsGateway]):
    """The SMS gateways by Mandant id, opened when first asked for; Mandants with one account share one gateway.

    Iterating gives the Mandants that have an account in the configuration.

    Args:
        section: the gateway's part of this machine's configuration.
        secrets: has the passwords, ``gateway/MANDANT``.
        data_folder: below it a gateway without a network writes, unless the configuration names a folder.
    """

    def __init__(self, section: GatewaySection, secrets: Secrets, clock: Clock, data_folder: Path) -> None:
        self._section = section
        self._secrets = secrets
        self._clock = clock
        self._folder = Path(section.folder) if section.folder else data_folder / "outgoing"
        self._open: dict[str, SmsGateway] = {}
        self._lock = threading.Lock()

    def __getitem__(self, mandant_id: str) -> SmsGateway:
        """Returns the gateway that is charged for a Mandant; threads may ask at once.

        Raises:
            GatewayMissingError: no account, no password, or an unknown kind.
        """
        account = self.account(mandant_id)
        with self._lock:  # two threads that ask at once must share one gateway, or its limit of connections would hold twice
            if account not in self._open:
                self._open[account] = self._make(mandant_id, account)
            return self._open[account]

    def __iter__(self) -> Iterator[str]:
        """Iterates over the Mandants with an account."""
        return iter(self._section.accounts)

    def __len__(self) -> int:
        """Returns the number of Mandants with an account."""
        return len(self._section.accounts)

    def __contains__(self, mandant_id: object) -> bool:
        """Returns whether a Mandant has an account in the configuration."""
        return mandant_id in self._section.accounts

    def account(self, mandant_id: str) -> str:
        """Returns the name of the account that is charged for a Mandant: the key for credits and batches.

        Raises:
            GatewayMissingError: no account.
        """
        return self._configured(mandant_id).user

    def originator(self, mandant_id: str) -> str:
        """Returns the originator of a Mandant's messages: the account's, else the gateway's.

        Raises:
            GatewayMissingError: no account, no originator at all, or one that no gateway takes.
        """
        originator = self._configured(mandant_id).originator or self._section.originator
        if _ORIGINATOR.fullmatch(originator):
            return originator
        if originator:
            raise GatewayMissingError(
                _("Absender für SMS nicht brauchbar"),
                _(
                    "«{originator}» ist weder ein Name von höchstens 11 Zeichen ohne Umlaute noch eine Telefonnummer; "
                    "die SMS des Mandanten {mandant} werden nicht gesendet."
                ).format(originator=originator, mandant=mandant_id),
                _("Unter «Einrichten | SMS» den Absender berichtigen (in der Konfiguration: gateway.originator)."),
                item=mandant_id,
            )
        raise GatewayMissingError(
            _("Kein Absender für SMS"),
            _("Für den Mandanten {mandant} ist kein Absender eingetragen; seine SMS werden nicht gesendet.").format(mandant=mandant_id),
            _("Unter «Einrichten | SMS» einen Absender von höchstens 11 Zeichen eintragen (in der Konfiguration: gateway.originator)."),
            item=mandant_id,
        )

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            for gateway in self._open.values():
                gateway.close()
            self._open.clear()

    def _configured(self, mandant_id: str) -> GatewayAccount:
        account = self._section.accounts.get(mandant_id)
        if account is not None:
            return account
        raise GatewayMissingError(
            _("Kein SMS-Konto"),
            _("Für den Mandanten {mandant} ist kein Konto beim SMS-Gateway eingetragen; seine SMS werden nicht gesendet.").format(
                mandant=mandant_id
            ),
            _("Unter «Einrichten | SMS» ein Konto für diesen Mandanten eintragen (in der Konfiguration: gateway.accounts)."),
            item=mandant_id,
        )

    def _make(self, mandant_id: str, account: str) -> SmsGateway:
        kind = KINDS.get(self._section.kind)
        if kind is None:
            raise GatewayMissingError(
                _("SMS-Gateway unbekannt"),
                _("Die Art «{kind}» eines SMS-Gateways gibt es nicht; es werden keine SMS gesendet.").format(kind=self._section.kind),
                _("In der Konfiguration gateway.kind berichtigen; es gibt: {kinds}.").format(kinds=", ".join(sorted(KINDS))),
                item=self._section.kind,
            )
        password = self._password(mandant_id) if kind.needs_password else ""
        return kind.make(GatewayAccess(account, password, self._section.address, self._folder, self._clock))

    def _password(self, mandant_id: str) -> str:
        password = self._secrets.get(f"gateway/{mandant_id}")
        if password:
            return password
        from tray_agent.config.secrets import variable_of

        raise GatewayMissingError(
            _("Kein Passwort für das SMS-Gateway"),
            _("Für den Mandanten {mandant} ist kein Passwort des SMS-Kontos gespeichert; seine SMS werden nicht gesendet.").format(
                mandant=mandant_id
            ),
            _("Unter «Einrichten | SMS» das Passwort eintragen (ohne Bildschirm: Umgebungsvariable {name}).").format(
                name=variable_of(f"gateway/{mandant_id}")
            ),
            item=mandant_id,
        )
