"""``vitoclient templates``: the texts of messages (Textvorlagen)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.errors import InputError
from tray_agent.i18n import _, ngettext
from tray_agent.messages.texts.check import TemplateSeverity

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.messages.texts.check import TemplateFinding
    from tray_agent.messages.texts.rendering import MessageValues, Rendered
    from tray_agent.messages.texts.templates import Template, TemplateEntry, TemplateKey

Name = Annotated[str, typer.Argument(metavar=_("VORLAGE"), help=_("Vorlage: reminder/sms/de, moved/sms/de, birthday/email/fr …"))]
File = Annotated[Path | None, typer.Option("--file", help=_("Datei mit dem Text (UTF-8); ohne sie wird die Standardeingabe gelesen."))]
Subject = Annotated[str | None, typer.Option("--subject", help=_("Betreff der E-Mail; ohne ihn bleibt der bisherige."))]

Patient = Annotated[str | None, typer.Option("--patient", help=_("Nummer eines Patienten für die Vorschau; ohne sie ein erfundener."))]


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient templates``."""
    app = typer.Typer(help=_("Die Textvorlagen der Mitteilungen."), no_args_is_help=True)
    app.command("list", help=_("Alle Vorlagen zeigen."))(_list)
    app.command("show", help=_("Eine Vorlage zeigen, mit Vorschau und Segmenten."))(_show)
    app.command("check", help=_("Einen Text prüfen, ohne ihn zu speichern."))(_check)
    app.command("set", help=_("Einen eigenen Text speichern."))(_set)
    app.command("reset", help=_("Zum mitgelieferten Text zurückkehren."))(_reset)
    app.command("disable", help=_("Eine Vorlage nicht mehr verwenden."))(_disable)
    return app


def _list(as_json: AsJson = False) -> None:
    with agent_here() as agent:
        entries = agent.templates.list()
        if as_json:
            print_json([_entry_json(entry) for entry in entries])
            return

        def cells(entry: TemplateEntry) -> tuple[str, ...]:
            segments = agent.templates.preview(entry.template).segments
            changed = local_text(entry.changed_at, agent.zone)
            return str(entry.template.key), _origin(entry), str(segments.count) if segments else "", changed, _short(entry.template.text)

        print_rows((_("Vorlage"), _("Herkunft"), _("Segmente"), _("Geändert"), _("Text")), map(cells, entries))


def _show(name: Name, patient: Patient = None, as_json: AsJson = False) -> None:
    key = _key(name)
    with agent_here() as agent:
        entry = agent.templates.load(key)
        values = agent.templates.values_of(patient) if patient else None
        _tell(agent, entry.template, agent.templates.check(entry.template), entry, values, as_json=as_json)


def _check(name: Name, file: File = None, subject: Subject = None, as_json: AsJson = False) -> None:
    from tray_agent.messages.texts.service import tidied

    key, text = _key(name), _text(file)
    with agent_here() as agent:
        template = tidied(_drafted(agent.templates.load(key).template, text, subject))  # as it would be kept
        findings = agent.templates.check(template)
        _tell(agent, template, findings, as_json=as_json)
    if any(finding.severity is TemplateSeverity.ERROR for finding in findings):
        raise typer.Exit(1)


def _set(name: Name, file: File = None, subject: Subject = None, as_json: AsJson = False) -> None:
    key, text = _key(name), _text(file)
    with agent_here() as agent:
        findings = agent.templates.save(_drafted(agent.templates.load(key).template, text, subject), agent.person)
        entry = agent.templates.load(key)
        _tell(agent, entry.template, findings, entry, as_json=as_json)


def _reset(name: Name, as_json: AsJson = False) -> None:
    key = _key(name)
    with agent_here() as agent:
        entry = agent.templates.reset(key)
        _tell(agent, entry.template, (), entry, as_json=as_json)


def _disable(name: Name, as_json: AsJson = False) -> None:
    key = _key(name)
    with agent_here() as agent:
        entry = agent.templates.disable(key, agent.person)
        _tell(agent, entry.template, (), entry, as_json=as_json)


def _key(name: str) -> TemplateKey:
    """Returns the key that a person wrote.

    Raises:
        InputError: there is no such template.
    """
    from tray_agent.messages.texts.templates import TEMPLATE_KEYS

    known = {str(key): key for key in TEMPLATE_KEYS}
    key = known.get(name.strip().casefold())
    if key is not None:
        return key
    raise InputError(
        _("Unbekannte Textvorlage"),
        _("Die Textvorlage {name} gibt es nicht.").format(name=name),
        _("«vitoclient templates list» zeigt alle Vorlagen."),
        item=name,
    )


def _text(file: Path | None) -> str:
    """Returns the text that a person gave.

    Raises:
        InputError: the file can't be read.
    """
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8-sig")
        text.encode()  # the input's bytes that are no UTF-8 come as halves of characters
        return text.removeprefix("\ufeff")
    except (OSError, UnicodeError) as error:
        raise InputError(
            _("Datei nicht lesbar"),
            _("{file} kann nicht gelesen werden; die Vorlage blieb unverändert.").format(file=file or _("Standardeingabe")),
            _("Eine Textdatei in UTF-8 angeben."),
            item=str(file),
        ) from error


def _drafted(present: Template, text: str, subject: str | None) -> Template:
    from dataclasses import replace

    return replace(present, text=text, subject=present.subject if subject is None else subject)


def _tell(
    agent: Agent,
    template: Template,
    findings: tuple[TemplateFinding, ...],
    entry: TemplateEntry | None = None,
    values: MessageValues | None = None,
    *,
    as_json: bool,
) -> None:
    """Prints a template with its preview; ``entry`` where it is stored, ``values`` of a real patient instead of an invented one."""
    rendered = agent.templates.preview(template, values)
    if as_json:
        print_json({**(_entry_json(entry) if entry else _template_json(template)), **_rendered_json(rendered, findings)})
        return
    print(f"{template.key}: " + (_origin(entry) if entry else _("nicht gespeichert")))
    for text in (template.subject, template.text):
        print(f"\n{text}" if text else "", end="")
    print("\n\n" + _("Vorschau") + ":")
    for text in (rendered.subject, rendered.text):
        print(f"\n{text}" if text else "", end="")
    print()
    if rendered.segments:
        text = ngettext(
            "{count} Segment, noch {remaining} Zeichen frei", "{count} Segmente, noch {remaining} Zeichen frei", rendered.segments.count
        )
        print(text.format(count=rendered.segments.count, remaining=rendered.segments.remaining))
    for finding in findings:
        print(f"{finding.field} {finding.position}: {finding.sentence}")


def _origin(entry: TemplateEntry) -> str:
    from tray_agent.messages.texts.templates import Origin

    words = {Origin.DEFAULT: _("mitgeliefert"), Origin.OWN: _("eigene"), Origin.DISABLED: _("nicht verwendet")}
    return words[entry.origin]


def _short(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return first if len(first) <= 60 else f"{first[:59]}…"


def _template_json(template: Template) -> dict[str, Any]:
    return picked(template, "template=key subject text")


def _entry_json(entry: TemplateEntry) -> dict[str, Any]:
    return _template_json(entry.template) | picked(entry, "origin changed_at changed_by")


def _rendered_json(rendered: Rendered, findings: tuple[TemplateFinding, ...]) -> dict[str, Any]:
    from dataclasses import asdict

    segments = picked(rendered.segments, "encoding units count remaining") if rendered.segments else None
    found = [asdict(finding) | picked(finding, "severity") for finding in findings]
    return {"preview": picked(rendered, "subject text"), "segments": segments, "findings": found}
