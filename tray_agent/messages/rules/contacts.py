"""Telephone numbers and e-mail addresses as people type them: E.164, mobile or not, and a clear reason for what can't be used.

The numbering plans are those of ``phonenumbers`` (Google's libphonenumber). What is ambiguous is refused: a field with
two mobile numbers, or with digits that belong to no number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from tray_agent.i18n import N_, WordedEnum

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber as ParsedNumber

LONGEST_TYPED = 100
"""Longer texts are notes, not numbers."""


class NumberKind(Enum):
    """Whether an SMS can arrive."""

    MOBILE = "mobile"
    MOBILE_OR_LANDLINE = "mobile_or_landline"
    """The country's numbering plan does not tell (United States, Canada …); such a number may get an SMS."""

    LANDLINE = "landline"
    OTHER = "other"
    """A valid number that is neither: premium rate, voice box, pager, company number."""

    @property
    def takes_sms(self) -> bool:
        """Returns whether an SMS may be sent there."""
        return self in (NumberKind.MOBILE, NumberKind.MOBILE_OR_LANDLINE)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A valid number.

    Attributes:
        e164: ``+41791234567``.
        country: ISO code of its country ("CH"), or "" where the number tells none.
    """

    e164: str
    kind: NumberKind
    country: str


class PhoneFault(WordedEnum):
    """Why a typed text is no number that can be used."""

    EMPTY = "empty", N_("Es ist keine Telefonnummer erfasst.")
    NO_NUMBER = "no_number", N_("«{typed}» ist keine Telefonnummer.")
    TOO_SHORT = "too_short", N_("«{typed}» ist als Telefonnummer zu kurz.")
    TOO_LONG = "too_long", N_("«{typed}» ist als Telefonnummer zu lang.")
    NOT_ASSIGNED = "not_assigned", N_("«{typed}» gibt es als Telefonnummer nicht.")
    LETTERS = "letters", N_("«{typed}» enthält Buchstaben mitten in der Telefonnummer.")
    SEVERAL = "several", N_("«{typed}» enthält mehrere Mobiltelefonnummern; welche gilt, ist unklar.")
    UNCLEAR_DIGITS = "unclear_digits", N_("«{typed}» enthält neben der Telefonnummer weitere Ziffern; welche gelten, ist unklar.")
    CROSSED_OUT = "crossed_out", N_("«{typed}» ist als ungültig vermerkt.")
    NO_SMS = "no_sms", N_("«{typed}»: SMS sind nicht erwünscht.")
    UNCLEAR_REMARK = "unclear_remark", N_("«{typed}»: ob an diese Nummer eine SMS gehen darf, ist unklar.")

    @property
    def is_of_patient(self) -> bool:
        """Returns whether it holds for all numbers of the patient, not for this one alone."""
        return self is PhoneFault.NO_SMS


_CROSSED_OUT = re.compile(
    r"""\b(
      alte?|veraltet|falsche?|gesperrt|inaktiv|kein(e|en|er)?|nicht|nie(mals)?|nein|ohne|ung(ü|ue)ltig|gek(ü|ue)ndigt|gel(ö|oe)scht
    | abgemeldet|ausser|defekt|fr(ü|ue)her(e)?|ehemalige?|bisherige?|ex|verstorben|gestorben|unerw(ü|ue)nscht|ungern|verboten|untersagt
    | abgelehnt|verweigert|widerrufen|blockiert|gestrichen|stopp?
    | ancien(ne)?|faux|fausse|invalide?|pas|plus|jamais|aucune?|sans|interdite?|refus(e|ée?)?|bloquée?|périmée?|résiliée?|supprimée?
    | décédée?
    | vecchio|non|niente|nessun[oa]?|mai|senza|vietat[oa]|rifiut(a|at[oa]|o)|bloccat[oa]|sbagliato|scaduto|disattivato|decedut[oa]
    | old|wrong|invalid|not|never|none|without|don[' ]?t|unwanted|refused|blocked|deceased|no(?!\.?\s*[:+(\d])
    )\b|[†✝✗✘❌🚫⛔📵]""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words beside a number that say not to use it (de, fr, it, en); "No. 079 …" is none of them, but short for number."""

_NEGATION = (
    r"keine?[nr]?|nicht|nie|nein|ohne|unerw(?:ü|ue)nscht|ungern|verboten|stopp?|pas|jamais|aucune?|sans|interdite?s?"
    r"|non|niente|nessun[oa]?|mai|senza|vietat[oaie]|no|not|never|without|don[' ]?t|unwanted"
)
_MESSAGES = r"sms|nachricht(?:en)?|mitteilung(?:en)?|erinnerung(?:en)?|messages?|messaggi|te?xtos?|texts?|rappels?|promemoria|reminders?"
_NO_SMS = re.compile(
    rf"\b(?:(?:{_NEGATION})\b[^,;.\d\n]{{0,20}}\b(?:{_MESSAGES})|(?:{_MESSAGES})\b[^,;.\d\n]{{0,20}}\b(?:{_NEGATION}))\b", re.IGNORECASE
)
"""What says that the patient wants no SMS, at whatever number."""

_NO_CALL = re.compile(
    r"""\b(
      (bitte\s+)?nicht\s+(mehr\s+)?(anrufen|telefonieren|telefonisch)|kein(e|en)?\s+(anrufe?|telefonate?|telefon)
    | (ne\s+)?pas\s+(d['e ]\s*)?(appeler|téléphoner|appels?|téléphone)
    | non\s+(chiamare|telefonare)|(niente|nessuna?)\s+(chiamat[ae]|telefonat[ae])
    | (do\s+not|don[' ]?t|no)\s+(calls?|phone)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_BY_MESSAGE = re.compile(r"\b(?:sms|text)\b", re.IGNORECASE)
_ONLY = (
    r"(?:nur|bloss|lediglich|ausschliesslich|lieber|seulement|uniquement|exclusivement|plutôt|solo|soltanto|solamente|esclusivamente"
    r"|piuttosto|only|exclusively|rather|preferably)"
)
_BY_SMS = r"(?:sms|natel|handy|mobil|mobile|portable|cellulare|cell|text)"
_SMS_ONLY = re.compile(
    rf"""\b(?:{_ONLY}\s+(?:(?:noch|per|via|par|by|mit|an|auf|aufs|am|des|les|the|un|bitte|tramite)\s+)*{_BY_SMS}|{_BY_SMS}\s+{_ONLY})\b
        (?=\s*(?:$|[^\w\s]|\d|bitte|svp|merci|please|thanks|grazie|danke))""",
    re.IGNORECASE | re.VERBOSE,
)
_UNCLEAR = re.compile(
    rf"""\b(?:{_ONLY}|whats\s?app|evtl|eventuell|vielleicht|unsicher|unklar|fraglich|ungewiss|peut[- ]être|incertaine?|éventuellement
        |forse|incert[oa]|maybe|perhaps|unsure|uncertain)\b|[?¿❓❔]|[📠]""",
    re.IGNORECASE | re.VERBOSE,
)
_FAX = re.compile(r"\b(?:tele|télé)?(?:fax|copie)\b", re.IGNORECASE)


def _remark_in(text: str) -> PhoneFault | None:
    """Returns what the words beside a number say against an SMS; None where they say nothing of the kind ("Natel", "Tochter").

    "Nicht anrufen" says to write, where SMS are spoken of; else it is a number not to be used.
    """
    spoken = _NO_CALL.sub(";", text)
    spoken = spoken if _BY_MESSAGE.search(spoken) else text
    if _NO_SMS.search(spoken):
        return PhoneFault.NO_SMS
    spoken = _SMS_ONLY.sub(";", spoken)
    if _CROSSED_OUT.search(spoken):
        return PhoneFault.CROSSED_OUT
    return PhoneFault.UNCLEAR_REMARK if _UNCLEAR.search(spoken) else None


def _may_be_fax(text: str, region: str) -> bool:
    """Returns whether a fax machine may be meant: the word does not stand right before a number to which no SMS goes."""
    import phonenumbers

    for word in _FAX.finditer(text):
        after = text[word.end() :].lstrip(" .:()-/")
        first = next(iter(phonenumbers.PhoneNumberMatcher(after, region)), None)
        known = _known(first.number) if first is not None and first.start == 0 else None
        if known is None or known.kind.takes_sms:
            return True
    return False


@dataclass(frozen=True, slots=True)
class UnusablePhone:
    """A typed text that is no number that can be used."""

    typed: str
    fault: PhoneFault

    @property
    def sentence(self) -> str:
        """Returns what is wrong, in the language in force."""
        return self.fault.text.format(typed=self.typed.strip()[:40])


@lru_cache(maxsize=4096)
def read_phone(typed: str | None, region: str = "CH") -> PhoneNumber | UnusablePhone:
    """Returns the number that a person typed; never raises.

    Args:
        typed: ``079 123 45 67``, ``0041 79…``, ``+41 (0)79…``, ``079/123.45.67``, ``Natel 079 … (Tochter)``, two numbers of
            which one is a mobile number …
        region: the country of numbers without a country code (ISO code).
    """
    return _quick(typed or "", region) or _read(typed or "", region)


def _read(typed: str, region: str) -> PhoneNumber | UnusablePhone:
    """Reads any text, with the numbering plans of all countries."""
    text = _plain(typed)
    fault = _fault_at_sight(text, region)
    if fault is not None:
        return UnusablePhone(text or typed, fault)
    if any(character.isalpha() for character in text):
        return _found_in(text, region) or UnusablePhone(text, _fault_with_letters(text))
    read = _single(text, region)
    if isinstance(read, UnusablePhone):
        return _found_in(text, region) or read
    return read


def _fault_at_sight(text: str, region: str) -> PhoneFault | None:
    """Returns why a text is not to be used, whatever number it holds."""
    if not text:
        return PhoneFault.EMPTY
    remark = _remark_in(text)
    if remark is not None and remark.is_of_patient:
        return remark
    if len(text) > LONGEST_TYPED:
        return PhoneFault.TOO_LONG
    if not any(character.isdigit() for character in text):
        return PhoneFault.NO_NUMBER
    return PhoneFault.UNCLEAR_REMARK if remark is None and _may_be_fax(text, region) else remark


_MARKS = "'`´‘’‚‛ʹʼˈ′‵\"“”„″·•∙⋅‧・¨|_"
"""Apostrophes, primes and dots that people type between groups of digits, and the library knows nothing of."""

_QUICK = re.compile(rf"[+0-9][0-9 /.\-{_MARKS}]*\Z")
_SEPARATORS = str.maketrans("", "", f" /.-{_MARKS}")


def _quick(typed: str, region: str) -> PhoneNumber | None:
    """Reads the ordinary way of typing a mobile number of the practice's country; None for everything else.

    The patterns are the library's own; it reads such a number in 2 microseconds instead of 60, which is what lets a
    practice with 100,000 appointments be prepared in seconds. A property test compares both ways.
    """
    plan = _mobiles_of(region)
    if plan is None or not _QUICK.match(typed):
        return None
    code, mobile = plan
    found = mobile.fullmatch(typed.translate(_SEPARATORS))
    return PhoneNumber(f"+{code}{found['national']}", NumberKind.MOBILE, region) if found else None


@lru_cache(maxsize=8)
def _mobiles_of(region: str) -> tuple[int, re.Pattern[str]] | None:
    """Returns a country's code and the pattern of its mobile numbers; None where it shares its code, or numbers are not that simple."""
    import phonenumbers
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region(region, None)
    if found is None or found.country_code is None or len(phonenumbers.region_codes_for_country_code(found.country_code)) != 1:
        return None
    # Only plans as simple as the Swiss one: elsewhere the quick way could read a number otherwise than the library does.
    if found.national_prefix_for_parsing != "0" or found.international_prefix != "00" or found.mobile is None:
        return None
    kinds = (
        found.fixed_line, found.premium_rate, found.toll_free, found.shared_cost, found.voip, found.personal_number, found.pager, found.uan,
        found.voicemail,
    )  # fmt: skip
    others = "|".join(f"(?:{kind.national_number_pattern})" for kind in kinds if kind is not None and kind.national_number_pattern)
    mobile = found.mobile.national_number_pattern or "(?!)"
    # The first prefix that fits is the one (an atomic group): 0041… is never read as 0 and a number that begins with 041.
    prefix = rf"(?>\+{found.country_code}|00{found.country_code}|0)"
    return found.country_code, re.compile(rf"{prefix}(?!(?:{others or '(?!)'})\Z)(?P<national>{mobile})")


_LINE_ENDS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")


_MARK = re.compile(rf"(?<![^\W\d_])[{_MARKS}]+|[{_MARKS}]+(?![^\W\d_])")
_BETWEEN_LETTERS = re.compile(rf"(?<=[^\W\d_])[{_MARKS}](?=[^\W\d_])")


def _plain(typed: str) -> str:
    """Returns the text with usual digits, signs and blanks, without what can't be seen; digits of two lines are never joined."""
    # Apostrophes between letters stay: "n'est plus" says something.
    apart = _BETWEEN_LETTERS.sub("'", _LINE_ENDS.sub(", ", typed.strip()).replace("\t", " "))
    usual = unicodedata.normalize("NFKC", _MARK.sub(" ", apart))
    return "".join(character for character in usual if unicodedata.category(character) not in ("Cf", "Cc", "Cs")).strip()


def _single(text: str, region: str) -> PhoneNumber | UnusablePhone:
    """Reads a text that is one number and nothing else."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        too_long = error.error_type == phonenumbers.NumberParseException.TOO_LONG
        return UnusablePhone(text, PhoneFault.TOO_LONG if too_long else PhoneFault.NO_NUMBER)
    if number.extension is not None:
        return UnusablePhone(text, PhoneFault.UNCLEAR_DIGITS)
    return _known(number) or UnusablePhone(text, _fault_of(number))


def _found_in(text: str, region: str) -> PhoneNumber | UnusablePhone | None:
    """Reads the valid numbers out of a longer text; None where there is none."""
    import phonenumbers

    matches = list(phonenumbers.PhoneNumberMatcher(text, region))
    if not matches:
        return None
    # Digits that belong to no number found may be a corrected one: which of them are meant can't be told.
    belonging = sum(_count_digits(match.raw_string) for match in matches)
    if belonging != _count_digits(text) or any(match.number.extension for match in matches):
        return UnusablePhone(text, PhoneFault.UNCLEAR_DIGITS)
    numbers = {known for match in matches if (known := _known(match.number)) is not None}
    mobiles = [number for number in numbers if number.kind.takes_sms]
    if len(mobiles) > 1:
        return UnusablePhone(text, PhoneFault.SEVERAL)
    return mobiles[0] if mobiles else min(numbers, key=lambda number: number.e164, default=None)


def _known(number: ParsedNumber) -> PhoneNumber | None:
    """Returns a parsed number where the numbering plan of its country has it, else None."""
    import phonenumbers
    from phonenumbers import PhoneNumberType

    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        return None
    kinds = {
        PhoneNumberType.MOBILE: NumberKind.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.MOBILE_OR_LANDLINE,
        PhoneNumberType.FIXED_LINE: NumberKind.LANDLINE,
    }
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return PhoneNumber(e164, kinds.get(kind, NumberKind.OTHER), phonenumbers.region_code_for_number(number) or "")


def _fault_of(number: ParsedNumber) -> PhoneFault:
    import phonenumbers
    from phonenumbers import ValidationResult

    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == ValidationResult.TOO_SHORT:
        return PhoneFault.TOO_SHORT
    return PhoneFault.TOO_LONG if possible == ValidationResult.TOO_LONG else PhoneFault.NOT_ASSIGNED


def _fault_with_letters(text: str) -> PhoneFault:
    inside = re.search(r"\d[^\W\d_]|[^\W\d_]\d|\d[^\d]*[^\W\d_][^\d]*\d", text)
    return PhoneFault.LETTERS if inside else PhoneFault.NOT_ASSIGNED


def _count_digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


@lru_cache(maxsize=4096)
def read_address(typed: str | None) -> str | None:
    """Returns the address that a person typed, in its normal form; None where its form is wrong or nothing was typed.

    What has no width (a copied U+200B) is left out. Several addresses in one field are refused: which one is meant is
    unclear. The domain's name must be a real one (no ``localhost``, no bare word); special-use domains such as ``.test``
    are left to the mail server.
    """
    seen = "".join(character for character in typed or "" if unicodedata.category(character) != "Cf").strip()
    if not seen:
        return None
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(seen, check_deliverability=False, test_environment=True, strict=True).normalized
    except EmailNotValidError:
        return None
