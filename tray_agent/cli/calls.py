"""``vitoclient messages calls``: the call list, and what people do on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.i18n import _, join_texts, ngettext

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.messages.outbox.model import CallEntry, Calls

_Number = Annotated[int, typer.Argument(metavar=_("NUMMER"), help=_("Die Nummer der Mitteilung in der Liste."))]


def add_commands(app: typer.Typer) -> None:
    """Adds the group to ``vitoclient messages``."""
    group = typer.Typer(help=_("Die Anrufliste: wer anders zu erinnern ist, und was davon erledigt ist."))
    group.callback(invoke_without_command=True)(_list)
    group.command("done", help=_("Einen Patienten abhaken, der erinnert ist; er wird nicht mehr erinnert."))(_done)
    group.command("undo", help=_("Einen Haken zurücknehmen, mit allem, was er bewirkt hat."))(_undo)
    group.command("unreached", help=_("Vermerken, dass ein Anruf vergeblich war."))(_unreached)
    group.command("note", help=_("Zu einem Patienten etwas notieren; ein leerer Text löscht die Notiz."))(_note)
    app.add_typer(group, name="calls")


def _list(
    context: typer.Context,
    done: Annotated[bool, typer.Option("--done", help=_("Auch zeigen, was heute erledigt wurde."))] = False,
    everything: Annotated[bool, typer.Option("--all", help=_("Auch zeigen, was in den letzten 31 Tagen erledigt wurde."))] = False,
    as_json: AsJson = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    with agent_here() as agent:
        calls = agent.messages.calls()
        shown = [*calls.open, *(calls.done if everything else calls.done_today if done else ())]
        if as_json:
            print_json({"problem": str(calls.problem) if calls.problem else None, "calls": [_as_json(entry) for entry in shown]})
        else:
            _print(shown, calls, agent)


def _done(number: _Number) -> None:
    with agent_here() as agent:
        _print_now(agent, agent.messages.tick(_entry(agent, number), agent.person))


def _undo(number: _Number) -> None:
    with agent_here() as agent:
        entry = _entry(agent, number)
        back = agent.messages.untick(entry)
    print(_("{patient}: wieder offen.").format(patient=back.message.patient_name))


def _unreached(number: _Number) -> None:
    with agent_here() as agent:
        entry = _entry(agent, number)
        _print_now(agent, agent.messages.not_reached(entry, agent.person))


def _note(number: _Number, text: Annotated[str, typer.Argument(metavar=_("TEXT"), help=_("Die Notiz."))]) -> None:
    with agent_here() as agent:
        entry = _entry(agent, number)
        noted = agent.messages.note(entry, text, agent.person)
    print(_("{what}: {said}").format(what=noted.message.patient_name, said=noted.message.note or _("keine Notiz")))


def _entry(agent: Agent, number: int) -> CallEntry:
    """Returns the entry of a number.

    Raises:
        CallMissingError: it is not on the list.
    """
    from tray_agent.messages.service import CallMissingError

    calls = agent.messages.calls()
    found = next((entry for entry in (*calls.open, *calls.done) if entry.message.id == number), None)
    if found is None:
        raise CallMissingError(number)
    return found


def _print(entries: Sequence[CallEntry], calls: Calls, agent: Agent) -> None:
    from tray_agent.messages.words import why_words

    def cells(entry: CallEntry) -> tuple[str, ...]:
        message = entry.message
        what, more = why_words(entry)
        said = join_texts(what, more, separator=", ") if not entry.is_done else ""
        whom = (str(message.id), local_text(message.appointment_at, agent.zone), message.patient_name, ", ".join(entry.phones))
        return *whom, said or _acts(agent, entry), _acts(agent, entry) if said else "", message.note or ""

    if calls.problem:
        print(calls.problem)
    if entries:
        headings = (_("Nr."), _("Termin"), _("Patient"), _("Telefon"), _("Grund"), _("Stand"), _("Notiz"))
        print_rows(headings, map(cells, entries))
    number = len(calls.open)
    text = ngettext("{number} Patient ist noch anzurufen.", "{number} Patienten sind noch anzurufen.", number).format(number=number)
    print(text if number else _("Niemand ist anzurufen."))


def _acts(agent: Agent, entry: CallEntry) -> str:
    """Returns what people did about an entry: "erledigt von anna, 10:42"."""
    from tray_agent.messages.words import done_words, unreached_words

    now = agent.clock.now()
    return done_words(entry.message, agent.zone, now) if entry.is_done else unreached_words(entry.message, agent.zone, now)


def _print_now(agent: Agent, entry: CallEntry) -> None:
    print(_("{what}: {said}").format(what=entry.message.patient_name, said=_acts(agent, entry)))


def _as_json(entry: CallEntry) -> dict[str, Any]:
    message = entry.message
    acts = "ticked_at ticked_by unreached unreached_at unreached_by note noted_at noted_by"
    what = picked(message, "id state patient_id patient=patient_name appointment_id appointment_at")
    told = picked(entry, "reason sent done=is_done known=is_known phones birth_date doctor language why=sentence")
    return what | told | picked(message, acts)
