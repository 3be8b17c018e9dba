"""What was typed becomes a command that runs, or one line about what was wrong with it; for any program of the house."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from tray_agent.cli.ending import one_line
from tray_agent.cli.wording import translate_help, usage_sentence
from tray_agent.i18n import _

UsageError: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""What typer raises for wrong use; it has no public name of its own."""

ONLY_HELP = "NoArgsIsHelpError"
"""The one of them that asks for nothing but the help: a group of commands without a command."""


def run_command(program: str, commands: typer.Typer, arguments: Sequence[str]) -> int:
    """Runs one command of a program and returns its exit code; wrong use is told in one line.

    Args:
        program: its name, as it is typed.
        commands: its tree of commands, with help in the language in force.
        arguments: what was typed after the name.

    Raises:
        KnownError: the command could not do its work.
    """
    command: Any = typer.main.get_command(commands)
    translate_help(command)
    try:
        with command.make_context(program, list(arguments)) as context:  # its main() would end the process on a closed pipe
            result = command.invoke(context)
    except (typer.Abort, EOFError):
        print(_("Abgebrochen."), file=sys.stderr)
        return 1
    except typer.Exit as end:
        return end.exit_code
    except UsageError as error:
        if type(error).__name__ == ONLY_HELP:
            print(error.ctx.get_help())
            return 0
        print(f"{program}: {one_line(usage_sentence(error))}", file=sys.stderr)
        return 2
    return result if isinstance(result, int) else 0
