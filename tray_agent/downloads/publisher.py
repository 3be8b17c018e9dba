"""Whether the signature of an installer is good enough to start it: pure, from the signature and the names that are expected.

The portal has signed the file's hash already. The system's own signature (Authenticode) is asked in addition: a wrong one
always stops the installation; a missing one, or another publisher, where somebody said who it must be.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from tray_agent.i18n import N_, _
from tray_agent.platforms.signature import Signature, SignatureState

BETWEEN_NAMES = ";"
"""What stands between several names in the configuration."""

_REFUSALS = {
    SignatureState.BROKEN: N_("Windows erklärt die Unterschrift der Datei für ungültig (Herausgeber: {publisher})."),
    SignatureState.UNTRUSTED: N_("Windows erklärt die Unterschrift der Datei für ungültig (Herausgeber: {publisher})."),
    SignatureState.UNSIGNED: N_("Die Datei ist von keinem Herausgeber unterschrieben; erwartet wird {expected}."),
    SignatureState.VALID: N_("Die Datei ist von {publisher} unterschrieben; erwartet wird {expected}."),
}


def names_of(text: str) -> tuple[str, ...]:
    """Returns the publishers that the configuration names; empty: what the portal prescribes holds alone."""
    return tuple(name.strip() for name in text.split(BETWEEN_NAMES) if name.strip())


def objection(signature: Signature, named: str, accepted: Collection[str]) -> str:
    """Returns why a file must not be started, in words, or "".

    Args:
        signature: what the system says of the file.
        named: the publisher whom the portal's signed metadata names, or "".
        accepted: the publishers whom the practice's configuration names; empty: any.
    """
    expectations: tuple[Collection[str], ...] = ((named,) if named else (), accepted)
    unmet = [names for names in expectations if names and not _is_among(signature.publisher, names)]
    if signature.state is SignatureState.NOT_CHECKED:
        return ""
    if signature.state in (SignatureState.VALID, SignatureState.UNSIGNED) and not unmet:
        return ""
    expected = " / ".join(unmet[0]) if unmet else ""
    return _(_REFUSALS[signature.state]).format(publisher=signature.publisher or _("unbekannt"), expected=expected)


def _is_among(publisher: str | None, names: Collection[str]) -> bool:
    return publisher is not None and _plain(publisher) in map(_plain, names)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
