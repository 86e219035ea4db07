"""NEWT's ``/command``: a line of text, split into words and run without a shell."""

import shlex

from starlette.requests import Request

from gatewright.core.caller import Scope
from gatewright.core.errors import InvalidContent
from gatewright.domains.files import Command, Outcome
from gatewright.faces.newt.forms import read_form
from gatewright.web.context import request_context


async def systems(request: Request) -> object:
    """List the names of the systems that run commands."""
    context = request_context(request)
    return context.services.commands.systems(context.caller)


async def classic(request: Request) -> object:
    """Run the command in the form field ``executable`` and return its output."""
    outcome = await _run(request, "executable")
    return {
        "status": "OK" if outcome.exit_code == 0 else "ERROR",
        "output": outcome.stdout.decode("utf-8", "replace"),
        "error": outcome.stderr.decode("utf-8", "replace"),
    }


async def second(request: Request) -> object:
    """Run the command in the form field ``command``; return output and exit code."""
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
    """Return the words of a command line, split at blanks outside of shell quotes.

    Other shell syntax has no effect.

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
        raise InvalidContent(f"“{field}” has to be a program and its arguments.")
    return words
