"""Names, numbers and words of the demo practice, as people in Switzerland have and type them. Nobody real is meant."""

from __future__ import annotations

from random import Random
from typing import Any

WOMEN = (
    "Anna", "Beatrice", "Chantal", "Daniela", "Elisabeth", "Francesca", "Gabriela", "Heidi", "Irène", "Jacqueline", "Karin", "Laura",
    "Maria", "Nadia", "Olivia", "Petra", "Ruth", "Sandra", "Theres", "Ursula", "Verena", "Zoë",
)  # fmt: skip
MEN = (
    "Adrian", "Beat", "Christian", "Daniel", "Enrico", "Fritz", "Gian", "Hansruedi", "Ivo", "Jürg", "Kevin", "Luca", "Markus", "Nicolas",
    "Oskar", "Peter", "Reto", "Stefan", "Thomas", "Ueli", "Walter", "Yves",
)  # fmt: skip
LAST_NAMES = (
    "Aebischer", "Ammann", "Bachmann", "Baumann", "Bernasconi", "Bianchi", "Brunner", "Bühler", "Caduff", "Camenzind", "Dubois", "Egger",
    "Favre", "Fischer", "Frei", "Gasser", "Gerber", "Graf", "Huber", "Hürlimann", "Imhof", "Jenny", "Käser", "Keller", "Kunz", "Lüthi",
    "Marti", "Meier", "Meyer", "Moser", "Müller", "Nguyen", "Odermatt", "Pfister", "Rochat", "Rossi", "Roth", "Rüegg", "Schmid",
    "Schneider", "Stalder", "Steiner", "Suter", "Vogel", "Weber", "Widmer", "Wyss", "Zaugg", "Zbinden", "Zürcher",
)  # fmt: skip
LANGUAGES = ("de",) * 13 + ("D", "de-CH", "fr", "fr", "it", "en", None)
DOCTORS = ("Dr. med. A. Meier", "Dr. med. L. Bernasconi", "Dr. med. S. Käser", None)

FOREIGN_MOBILES = ("+49 151 23456789", "0033 6 12 34 56 78", "+39 347 123 4567", "0043 664 1234567")
UNUSABLE_NUMBERS = ("079 123 45", "079 1234567 / 078 7654321", "079 222 33 44 ungültig", "siehe Ehemann")

REASONS_REMINDED = (1, 2, 3, 4)
REASON_NOT_REMINDED = 5


def visit_reasons() -> list[dict[str, Any]]:
    """Returns the rows of the visit reasons; the last is one that nobody is reminded of."""
    titles = ("Konsultation", "Kontrolle", "Impfung", "Blutentnahme", "Telefontermin")
    return [
        {"grund_nr": number, "bezeichnung": title, "erinnern": int(number != REASON_NOT_REMINDED)}
        for number, title in enumerate(titles, start=1)
    ]


def first_name(random: Random) -> tuple[str | None, str]:
    """Returns a salutation, which some practices leave out, and a first name that goes with it."""
    if random.random() < 0.52:
        return random.choice(("Frau", "Frau", "Frau", None)), random.choice(WOMEN)
    return random.choice(("Herr", "Herr", "Herr", None)), random.choice(MEN)


def unusual_name(number: int) -> dict[str, Any]:
    """Returns names with umlauts, apostrophes, hyphens, other alphabets' letters and emoji."""
    first, last = (
        ("Žofie", "Müller-Lüdenscheidt"),
        ("Máire", "O’Brien D'Angelo"),
        ("Jean-François", "de l'Épine"),
        ("Lia 🌻", "Nguyễn"),
    )[number % 4]
    return {"vorname": first, "nachname": last}


def typed(digits: str, random: Random) -> str:
    """Returns a Swiss mobile number (nine digits without the leading 0) in one of the ways in which people type it."""
    prefix, first, second, third = digits[:2], digits[2:5], digits[5:7], digits[7:]
    ways = (
        f"0{prefix} {first} {second} {third}",
        f"0{prefix} {first} {second} {third}",
        f"0{prefix} {first} {second} {third}",
        f"0{digits}",
        f"0{prefix}/{first} {second} {third}",
        f"0{prefix}-{first}-{second}-{third}",
        f"0{prefix}.{first}.{second}.{third}",
        f"+41 {prefix} {first} {second} {third}",
        f"+41{digits}",
        f"+41 (0){prefix} {first} {second} {third}",
        f"0041 {prefix} {first} {second} {third}",
        f"0041{digits}",
        f"(0{prefix}) {first} {second} {third}",
        f"Natel 0{prefix} {first} {second} {third}",
        f" 0{prefix} {first}{second}{third} ",
    )
    return random.choice(ways)
