"""Lists, checks, shows and saves templates: what dialogs and command line use. All workstations see the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Row, delete, select

from tray_agent.config.settings import DEFAULT_MANDANT, FALLBACK_LANGUAGE, MOST_SEGMENTS, PLAIN_CHARACTERS, Settings
from tray_agent.errors import InputError
from tray_agent.i18n import _, join_texts, normal_language
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.check import SAMPLE, TemplateFinding, TemplateSeverity, check_template, is_usable
from tray_agent.messages.texts.examples import Example, find_examples
from tray_agent.messages.texts.rendering import MessageValues, PracticeWords, Rendered, values_for, without_unseen
from tray_agent.messages.texts.templates import TEMPLATE_KEYS, Origin, Template, TemplateBook, TemplateEntry, TemplateKey, default_templates
from tray_agent.practice.model import Mandant, PracticeSource
from tray_agent.store.database import Database
from tray_agent.store.rows import put_row
from tray_agent.store.tables import message_template as table


class TemplateRefusedError(InputError):
    """A template was not saved, because something in it is wrong."""

    code = "template_refused"


class TemplateService:
    """Lists, checks, shows and saves templates.

    Args:
        database: the agent's own database.
        settings: gives the switches as they are now (``HöchstensSegmente``, ``Ersatzsprache``, ``SchlichteZeichen``).
        practice: gives the practice's data for previews with a real patient; without it there are none.
        words: how the practice names itself in previews.

    Raises (all calls that read or write):
        DatabaseUnavailableError: no connection.
    """

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        practice: Callable[[], PracticeSource] | None = None,
        words: PracticeWords | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._practice = practice
        self._practice_words = words or PracticeWords()
        self._switches: Settings | None = None  # read once a list, so that a check at every key press needs no database

    def list(self) -> tuple[TemplateEntry, ...]:
        """Returns all templates: kinds, channels, languages, in the order in which dialogs show them."""
        self._switches = self._settings()
        saved = self._saved()
        return tuple(_entry(key, saved) for key in TEMPLATE_KEYS)

    def load(self, key: TemplateKey) -> TemplateEntry:
        """Returns the template of this key."""
        return _entry(key, self._saved())

    def book(self) -> TemplateBook:
        """Returns the templates in use now."""
        entries = self.list()
        switches = self._now()
        used = {
            entry.template.key: entry.template for entry in entries if entry.origin is not Origin.DISABLED and is_usable(entry.template)
        }
        language = normal_language(switches.text(FALLBACK_LANGUAGE)) or "de"
        return TemplateBook(used, language, switches.yes(PLAIN_CHARACTERS))

    def check(self, template: Template) -> tuple[TemplateFinding, ...]:
        """Returns what is wrong with a template or makes it costly, in order; after the first call without I/O, for every key press."""
        return check_template(template, self.most_segments, self._practice_words)

    def preview(self, template: Template, values: MessageValues | None = None) -> Rendered:
        """Returns how the text would look, for these values or for an invented patient; wrong placeholders stay as they are."""
        book = TemplateBook({}, plain_characters=self._now().yes(PLAIN_CHARACTERS))
        return book.render(template, values or SAMPLE)

    def values_of(self, patient_id: str) -> MessageValues:
        """Returns what a text can say about a real patient, with an invented time, for ``preview``.

        Raises:
            InputError: there is no such patient.
            DatabaseUnavailableError, PracticeDataError: the practice's data can't be read.
        """
        source = self._practice() if self._practice else None
        patient = source.patients([patient_id]).get(patient_id) if source else None
        if source is None or patient is None:
            raise InputError(
                _("Patient nicht gefunden"),
                _("Den Patienten {id} gibt es in den Praxisdaten nicht.").format(id=patient_id),
                _("Eine Patientennummer aus der Praxissoftware angeben."),
                item=patient_id,
            )
        charged = source.last_mandants([patient_id]).get(patient_id) or self._now().text(DEFAULT_MANDANT)
        mandant = source.mandants().get(charged) or Mandant(charged, "")
        values = values_for(patient, mandant, self._practice_words)
        return replace(values, starts_at=SAMPLE.starts_at, former_at=SAMPLE.former_at, doctor=mandant.name)

    def examples(self, kind: MessageKind, first: datetime, most: int = 100) -> tuple[Example, ...]:
        """Returns real patients with their next appointments or birthdays, for ``preview``; without the practice's data none.

        Args:
            kind: reminders and notices show appointments (notices with an invented former time), greetings birthdays.
            first: from when on, local wall clock of the practice, naive.
            most: how many at the most.

        Raises:
            DatabaseUnavailableError, PracticeDataError: the practice's data can't be read.
        """
        if self._practice is None:
            return ()
        found = find_examples(self._practice(), self._practice_words, self._now().text(DEFAULT_MANDANT), kind, first)
        return tuple(islice(found, most))

    @property
    def most_segments(self) -> int:
        """Returns how many segments an SMS may have, as of the last ``list`` or ``save``."""
        return self._now().number(MOST_SEGMENTS)

    def save(self, template: Template, changed_by: str) -> tuple[TemplateFinding, ...]:
        """Saves the practice's own template and returns what was found and does not forbid it.

        Raises:
            TemplateRefusedError: something in it is wrong; nothing was saved.
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps all, was saved.
        """
        self._switches = self._settings()
        tidy = tidied(template)
        findings = self.check(tidy)
        wrong = [finding.sentence for finding in findings if finding.severity is TemplateSeverity.ERROR]
        if wrong:
            raise TemplateRefusedError(
                _("Textvorlage nicht gespeichert"),
                join_texts(*wrong),
                _("Text berichtigen und erneut speichern; bis dahin gilt die bisherige Vorlage."),
                item=str(tidy.key),
            )
        self._write(tidy, Origin.OWN, changed_by)
        return findings

    def reset(self, key: TemplateKey) -> TemplateEntry:
        """Goes back to the product's own text and returns it."""
        self._database.transact(
            lambda connection: connection.execute(delete(table).where(*(table.c[name] == value for name, value in _columns(key).items())))
        )
        return self.load(key)

    def disable(self, key: TemplateKey, changed_by: str) -> TemplateEntry:
        """Switches a template off: nothing is sent in this language any more, the fallback language's text instead.

        The text stays; saving it again switches it on.
        """
        self._write(self.load(key).template, Origin.DISABLED, changed_by)
        return self.load(key)

    def _saved(self) -> Mapping[TemplateKey, TemplateEntry]:
        """Returns the practice's own and its disabled templates; rows of a newer program are left out."""
        with self._database.read() as connection:
            rows = connection.execute(select(table)).all()
        known = {str(key): key for key in TEMPLATE_KEYS}
        return {key: _read(key, row) for row in rows if (key := known.get(f"{row.kind}/{row.channel}/{row.language}"))}

    def _write(self, template: Template, origin: Origin, changed_by: str) -> None:
        """Writes a template; the time is the database server's."""

        def work(connection: Connection) -> None:
            written = {
                "disabled": origin is Origin.DISABLED,
                "subject": template.subject,
                "text": template.text,
                "changed_at": self._database.now(connection),
                "changed_by": changed_by[:120],
            }
            put_row(connection, table, _columns(template.key), written)

        # Two workstations may make the same row at once; the second one begins again, finds the row and changes it.
        self._database.transact(work, again_on_duplicate=True)

    def _now(self) -> Settings:
        if self._switches is None:
            self._switches = self._settings()
        return self._switches


def _columns(key: TemplateKey) -> dict[str, str]:
    return {"kind": key.kind.value, "channel": key.channel.value, "language": key.language}


def _read(key: TemplateKey, row: Row[tuple[object, ...]]) -> TemplateEntry:
    origin = Origin.DISABLED if row.disabled else Origin.OWN
    return TemplateEntry(Template(key, row.text, row.subject), origin, row.changed_at, row.changed_by)


def _entry(key: TemplateKey, saved: Mapping[TemplateKey, TemplateEntry]) -> TemplateEntry:
    return saved.get(key) or _left_to_the_product(key, saved)


def _left_to_the_product(key: TemplateKey, saved: Mapping[TemplateKey, TemplateEntry]) -> TemplateEntry:
    """Returns the product's text; a notice is not used where the practice took the reminder of the same way and language out of use.

    Who does not write to patients that way does not want notices to do so either, until somebody saves one.
    """
    reminder = saved.get(replace(key, kind=MessageKind.REMINDER)) if key.kind is MessageKind.MOVED else None
    default = default_templates()[key]
    if reminder is None or reminder.origin is not Origin.DISABLED:
        return TemplateEntry(default, Origin.DEFAULT)
    return replace(reminder, template=default)


def tidied(template: Template) -> Template:
    """Returns a template as it is kept: one kind of line end, composed characters, nothing that can't be seen, nothing at the ends."""
    text = without_unseen("\n".join(template.text.splitlines())).strip()
    subject = without_unseen(template.subject).strip() if template.key.channel is Channel.EMAIL else ""
    return replace(template, text=text, subject=subject)
