"""The five views through which the agent reads the practice's data: declared once, as data.

From this declaration come the SQL template that a consultant adapts (``vitoclient db views``), the reading
(``sql_source``) and the check (``check``). The names of the columns are the fields of ``tray_agent.practice.model``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Dialect(StrEnum):
    """The databases that a practice may have."""

    MSSQL = "mssql"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class ColumnType(Enum):
    """What a column holds; the value is how the template names it."""

    KEY = "Kennung (Text bis 50 Zeichen oder ganze Zahl)"
    TEXT = "Text"
    DATE = "Datum"
    LOCAL_TIME = "Datum und Uhrzeit, Ortszeit der Praxis"
    YES_NO = "Ja/Nein (1/0)"


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """One column of a view.

    Attributes:
        name: the column's name, and the field's in ``practice.model``.
        source: where the template takes it from: a column of the example's table.
        meaning: what it holds, in German, for the consultant.
        nullable: whether it may be NULL.
        doubt: what the template makes of a Ja/Nein value that is neither 1 nor 0: what keeps messages from being sent.
    """

    name: str
    type: ColumnType
    source: str
    meaning: str
    nullable: bool = True
    doubt: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PracticeView:
    """One view; there is one of each name, so it is found by what it is, not by what it holds: quick enough for every row.

    Attributes:
        name: as the agent reads it.
        table, alias: the example's table in the template.
        meaning: what it holds, in German.
        columns: in the order of the template.
        notes: what a consultant must know, in German.
    """

    name: str
    table: str
    alias: str
    meaning: str
    columns: tuple[ViewColumn, ...]
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> ViewColumn:
        """Returns the column of this name.

        Raises:
            KeyError: the view has no such column.
        """
        return {column.name: column for column in self.columns}[name]


_KEY, _TEXT, _DATE, _LOCAL, _YES_NO = (
    ColumnType.KEY,
    ColumnType.TEXT,
    ColumnType.DATE,
    ColumnType.LOCAL_TIME,
    ColumnType.YES_NO,
)

MANDANTS = PracticeView(
    "vitoclient_mandants", "mandant", "m", "Die Mandanten der Praxis: wer belastet wird.",
    (
        ViewColumn("id", _KEY, "mandant_nr", "Kennung des Mandanten, eindeutig", nullable=False),
        ViewColumn("name", _TEXT, "name", "Name, wie er in Mitteilungen steht", nullable=False),
        ViewColumn("phone", _TEXT, "telefon", "Telefonnummer für Rückfragen"),
        ViewColumn("email", _TEXT, "email", "E-Mail-Adresse"),
        ViewColumn("licence_number", _TEXT, "lizenznummer", "Lizenznummer mit zwei Prüfziffern (ISO 7064 MOD 97-10)"),
        ViewColumn("licence_valid_from", _DATE, "lizenz_von", "Lizenz gültig ab (einschliesslich); NULL: seit jeher"),
        ViewColumn("licence_valid_until", _DATE, "lizenz_bis", "Lizenz gültig bis (einschliesslich); NULL: unbefristet"),
    ),
)  # fmt: skip

PATIENTS = PracticeView(
    "vitoclient_patients", "patient", "p", "Die Patienten, auch verstorbene und solche, die keine Mitteilungen wünschen.",
    (
        ViewColumn("id", _KEY, "patient_nr", "Kennung des Patienten, eindeutig", nullable=False),
        ViewColumn("first_name", _TEXT, "vorname", "Vorname", nullable=False),
        ViewColumn("last_name", _TEXT, "nachname", "Nachname", nullable=False),
        ViewColumn("salutation", _TEXT, "anrede", "Frau, Herr oder NULL"),
        ViewColumn("birth_date", _DATE, "geburtsdatum", "Geburtsdatum"),
        ViewColumn("death_date", _DATE, "sterbedatum", "Sterbedatum; jeder Wert ausser NULL heisst: keine Mitteilungen"),
        ViewColumn("language", _TEXT, "sprache", "Sprache: de, fr, it, en; NULL: Ersatzsprache"),
        ViewColumn("mobile", _TEXT, "natel", "Mobiltelefonnummer, wie sie erfasst ist"),
        ViewColumn("phone", _TEXT, "telefon", "weitere Telefonnummer, wie sie erfasst ist"),
        ViewColumn("email", _TEXT, "email", "E-Mail-Adresse"),
        ViewColumn("preferred_channel", _TEXT, "versandweg", "sms, email oder NULL (dann zuerst SMS)"),
        ViewColumn("opted_out", _YES_NO, "keine_mitteilungen", "1: wünscht keine Mitteilungen, sonst 0; nie NULL", nullable=False, doubt=1),
    ),
    ("Verstorbene nicht ausfiltern: der Agent prüft das Sterbedatum auch noch beim Senden.",),
)  # fmt: skip

TREATMENTS = PracticeView(
    "vitoclient_treatments", "behandlung", "b", "Die Behandlungen: der Mandant der zuletzt eröffneten wird belastet.",
    (
        ViewColumn("id", _KEY, "behandlung_nr", "Kennung der Behandlung, eindeutig", nullable=False),
        ViewColumn("patient_id", _KEY, "patient_nr", "Kennung des Patienten", nullable=False),
        ViewColumn("mandant_id", _KEY, "mandant_nr", "Kennung des Mandanten", nullable=False),
        ViewColumn("opened_on", _DATE, "eroeffnet_am", "Datum der Behandlungseröffnung", nullable=False),
    ),
    ("Sind zwei am gleichen Tag eröffnet, gilt die mit der grösseren Kennung.",),
)  # fmt: skip

APPOINTMENTS = PracticeView(
    "vitoclient_appointments", "termin", "t", "Die Termine, auch abgesagte und vergangene.",
    (
        ViewColumn("id", _KEY, "termin_nr", "Kennung des Termins, eindeutig; bleibt beim Verschieben gleich", nullable=False),
        ViewColumn("patient_id", _KEY, "patient_nr", "Kennung des Patienten", nullable=False),
        ViewColumn("starts_at", _LOCAL, "beginn", "Beginn, Ortszeit der Praxis", nullable=False),
        ViewColumn("ends_at", _LOCAL, "ende", "Ende, Ortszeit der Praxis"),
        ViewColumn("status", _TEXT, "status", "provisorisch, definitiv, abgesagt, nicht erschienen, erledigt", nullable=False),
        ViewColumn("doctor", _TEXT, "arzt", "Name des Arztes, wie er in Mitteilungen steht"),
        ViewColumn("visit_reason_id", _KEY, "grund_nr", "Kennung des Besuchsgrundes"),
    ),
    (
        "Erinnert wird nur an Termine mit dem Status «definitiv»; jedes andere Wort gilt als nicht definitiv.",
        "Speichert die Praxissoftware Codes, so übersetzen, z. B.:",
        "  CASE t.status WHEN 1 THEN 'provisorisch' WHEN 2 THEN 'definitiv' WHEN 3 THEN 'abgesagt' END AS status",
        "Ein Beginn um 00:00 gilt als Termin ohne Uhrzeit: er wird nicht erinnert und steht auf der Anrufliste.",
        "Einträge der Agenda ohne Patienten (Sitzung, Ferien) weglassen.",
        "Den Beginn nicht umrechnen: ein Index auf der Spalte hält die Suche schnell.",
    ),
)  # fmt: skip

VISIT_REASONS = PracticeView(
    "vitoclient_visit_reasons", "besuchsgrund", "g", "Die Besuchsgründe.",
    (
        ViewColumn("id", _KEY, "grund_nr", "Kennung des Besuchsgrundes, eindeutig", nullable=False),
        ViewColumn("name", _TEXT, "bezeichnung", "Bezeichnung", nullable=False),
        ViewColumn("remind", _YES_NO, "erinnern", "1: an solche Termine wird erinnert, sonst 0; nie NULL", nullable=False),
    ),
    ("Gibt es keine Besuchsgründe, bleibt die Sicht leer.",),
)  # fmt: skip

VIEWS = (MANDANTS, PATIENTS, TREATMENTS, APPOINTMENTS, VISIT_REASONS)
"""The whole contract."""


def view_statement(view: PracticeView, dialect: Dialect, schema: str | None = None) -> str:
    """Returns the commented statement that makes a view over the example's table.

    Args:
        view: which one.
        dialect: of the practice's database.
        schema: of the view, or None for the default one.
    """
    last = view.columns[-1]
    lines = []
    for column in view.columns:
        selected = f"    {_expression(view, column, dialect)} AS {column.name}" + ("" if column is last else ",")
        null = "" if column.nullable else ", nie NULL" if "nie NULL" not in column.meaning else ""
        lines.append(f"{selected:<64} -- {column.meaning}{null}")
    name = f"{schema}.{view.name}" if schema else view.name
    return "\n".join([f"CREATE VIEW {name} AS", "SELECT", *lines, f"FROM {view.table} AS {view.alias}"])


@dataclass(frozen=True, slots=True)
class _Sql:
    """What a database's own SQL looks like in the template; another kind of database is another one of these.

    Attributes:
        values: how dates and flags are written, for the consultant.
        drop: what takes a view away that is there already.
        end: what ends a statement.
        yes_no: what makes 1 or 0 a flag.
        login: how to make a login that may only read, or "".
    """

    values: str
    drop: str
    end: str
    yes_no: str
    login: str


_SQL = {
    Dialect.MSSQL: _Sql(
        values="Datum als DATE, Beginn und Ende als DATETIME2 (oder DATETIME), Ja/Nein als BIT, Text als NVARCHAR.",
        # Understood by every version, unlike CREATE OR ALTER; the rights of a view go with it.
        drop="IF OBJECT_ID(N'{name}', N'V') IS NOT NULL DROP VIEW {name};\nGO\n",
        end=";\nGO",
        yes_no="CAST({flag} AS BIT)",
        login="""\
-- Anmeldung des Agenten: darf diese Sichten lesen, sonst nichts. Die Rechte nach jedem Ausführen neu erteilen.
-- CREATE LOGIN vitoclient_practice WITH PASSWORD = '...';
-- CREATE USER vitoclient_practice FOR LOGIN vitoclient_practice;
-- GRANT SELECT ON vitoclient_mandants TO vitoclient_practice;  -- ebenso für die vier anderen Sichten
-- GO""",
    ),
    Dialect.POSTGRESQL: _Sql(
        values="Datum als DATE, Beginn und Ende als TIMESTAMP WITHOUT TIME ZONE, Ja/Nein als BOOLEAN.",
        drop="DROP VIEW IF EXISTS {name};\n",
        end=";",
        yes_no="({flag}) = 1",
        login="""\
-- Anmeldung des Agenten: darf diese Sichten lesen, sonst nichts. Die Rechte nach jedem Ausführen neu erteilen.
-- CREATE ROLE vitoclient_practice LOGIN PASSWORD '...';
-- GRANT SELECT ON vitoclient_mandants, vitoclient_patients, vitoclient_treatments,
--     vitoclient_appointments, vitoclient_visit_reasons TO vitoclient_practice;""",
    ),
    Dialect.SQLITE: _Sql(
        values="Datum als Text JJJJ-MM-TT, Beginn und Ende als Text JJJJ-MM-TT HH:MM:SS, Ja/Nein als 0 und 1.",
        drop="DROP VIEW IF EXISTS {name};\n",
        end=";",
        yes_no="{flag}",
        login="",
    ),
}

_HEAD = """\
-- Vorlage der fünf Sichten, über die vitoclient-Services die Praxisdaten liest ({dialect}).
-- Links von AS und nach FROM stehen Spalten und Tabellen eines Beispiels: durch die der Praxissoftware ersetzen.
-- Namen, Reihenfolge und Bedeutung der Spalten nach AS bleiben, wie sie sind.
-- {values}
-- Der Agent liest nur; er schreibt nie in Tabellen der Praxissoftware.
-- Danach prüfen mit: vitoclient doctor"""


def views_template(dialect: Dialect, schema: str | None = None) -> str:
    """Returns the SQL template of all five views, with comments for the consultant who adapts it."""
    sql = _SQL[dialect]
    parts = [_HEAD.format(dialect=dialect, values=sql.values)]
    for view in VIEWS:
        notes = "".join(f"-- {note}\n" for note in (view.meaning, *view.notes))
        name = f"{schema}.{view.name}" if schema else view.name
        parts.append(f"{notes}{sql.drop.format(name=name)}{view_statement(view, dialect, schema)}{sql.end}")
    parts.append(sql.login)
    return "\n\n".join(part for part in parts if part) + "\n"


def _expression(view: PracticeView, column: ViewColumn, dialect: Dialect) -> str:
    source = f"{view.alias}.{column.source}"
    if column.type is not ColumnType.YES_NO:
        return source
    flag = f"CASE WHEN {source} = {1 - column.doubt} THEN {1 - column.doubt} ELSE {column.doubt} END"
    return _SQL[dialect].yes_no.format(flag=flag)
