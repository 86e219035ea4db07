"""NEWT's ``/command``: one line of text, split into words and run without a shell."""

import shlex

from starlette.requests import Request

from gatewright.core.caller import Scope
from gatewright.core.errors import InvalidContent
from gatewright.domains.files import Command, Outcome
from gatewright.faces.newt.forms import read_form
from gatewright.web.context import request_context


async def systems(request: Request) -> object:
    """List the names of the systems with commands."""
    context = request_context(request)
    return context.services.commands.systems(context.caller)


async def classic(request: Request) -> object:
    """Run the field ``executable`` and return what it wrote."""
    outcome = await _run(request, "executable")
    return {
        "status": "OK" if outcome.exit_code == 0 else "ERROR",
        "output": outcome.stdout.decode("utf-8", "replace"),
        "error": outcome.stderr.decode("utf-8", "replace"),
    }


async def second(request: Request) -> object:
    """Run the field ``command`` and return what it wrote, with its exit code."""
    outcome = await _run(request, "command")
    return {
        "output": outcome.stdout.decode("utf-8", "replace"),
        "error": outcome.stderr.decode("utf-8", "replace"),
        "retcode": outcome.exit_code,
    }


async def _run(request: Request, field: str) -> Outcome:
    context = request_context(request)
    context.caller.require(Scope.EXEC)
    words = split((await read_form(request)).get(field, ""), field)
    commands = context.services.commands
    command = Command(
        argv=tuple(word.encode() for word in words),
        directory=b"~",
        seconds=commands.longest_seconds,
    )
    return await commands.run(context.caller, request.path_params["system"], command)


def split(line: str, field: str) -> list[str]:
    """Return a command line's words, by the quoting of a shell and nothing else of it.

    Raises
    ------
    InvalidContent
        There is no word, or a quote is not closed.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidContent(f"“{field}” has a quote that is not closed.") from error
    if not words:
        raise InvalidContent(f"“{field}” names a program and its arguments.")
    return words
