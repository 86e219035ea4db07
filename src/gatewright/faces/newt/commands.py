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
    """Run the command in the form field ``executable`` and return its output.

    The status is ``OK`` only if the command ended by itself, with exit status 0, and
    all of its output is there.
    """
    outcome = await _run(request, "executable")
    lack = _lack(request, outcome)
    if not lack and outcome.exit_code and not outcome.stderr:
        lack = f"The command ended with exit status {outcome.exit_code}."
    return {
        "status": "ERROR" if lack or outcome.exit_code else "OK",
        "output": outcome.stdout.decode("utf-8", "replace"),
        "error": _joined(outcome.stderr, lack),
    }


async def second(request: Request) -> object:
    """Run the command in the form field ``command``; return output and exit code."""
    outcome = await _run(request, "command")
    return {
        "output": outcome.stdout.decode("utf-8", "replace"),
        "error": _joined(outcome.stderr, _lack(request, outcome)),
        "retcode": outcome.exit_code,
    }


def _lack(request: Request, outcome: Outcome) -> str:
    """Say why the output is not whole; empty if it is. NEWT has no field for that."""
    context = request_context(request)
    if outcome.timed_out:
        seconds = context.services.commands.longest_seconds
        return (
            f"The command was ended after {seconds:g} seconds, the longest time of "
            "one. Submit a job for longer work."
        )
    if outcome.stdout_truncated or outcome.stderr_truncated:
        most = context.services.config.limits.command_output_bytes
        return (
            f"The output is cut after {most} bytes. Let the command write to a file, "
            "and read that."
        )
    return ""


def _joined(stderr: bytes, lack: str) -> str:
    """Return what the command said, and below it what is lacking."""
    said = stderr.decode("utf-8", "replace")
    between = "\n" if said and lack and not said.endswith("\n") else ""
    return said + between + lack


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
