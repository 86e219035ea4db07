"""Runs commands: ``/command/{system}``."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.domains.files import Command
from gatewright.faces.api.system_names import SystemNames, system_names
from gatewright.web.context import Context
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import json_response
from gatewright.web.paths import decode_path

router = APIRouter(tags=["commands"])

System = Annotated[
    str, Path(title="System", description="Name of the system.", examples=["local"])
]


class CommandBody(BaseModel):
    """The command to run."""

    model_config = ConfigDict(extra="forbid")

    command: list[str] = Field(
        description="The program and its arguments. They are not passed to a shell; to "
        "use one, send [“sh”, “-c”, “...”].",
        min_length=1,
        max_length=4096,
        examples=[["ls", "-l"]],
    )
    stdin: str = Field("", description="Text for the command's standard input.")
    directory: str = Field(
        "~",
        description="Folder to run in, percent-encoded as in a listing; your home by "
        "default.",
        examples=["/runs"],
    )
    environment: dict[str, str] = Field(
        {}, description="Additional environment variables.", max_length=1000
    )
    seconds: float | None = Field(
        None,
        description="Longest time to run; by default the gateway's limit.",
        gt=0,
        examples=[10],
    )


class CommandAnswer(BaseModel):
    """The outcome of a command."""

    exit_code: int = Field(
        description="Exit code; 128 plus the signal's number if a signal ended it."
    )
    stdout: str = Field(
        description="Its standard output; bytes that are not UTF-8 show as “\ufffd”."
    )
    stderr: str = Field(description="Its standard error, likewise.")
    stdout_truncated: bool = Field(description="Whether “stdout” is cut at the limit.")
    stderr_truncated: bool = Field(description="Whether “stderr” is cut at the limit.")
    timed_out: bool = Field(description="Whether it was killed at its time limit.")


@router.get(
    "/command",
    operation_id="listCommandSystems",
    response_model=SystemNames,
    summary="Systems with commands",
)
async def systems(request: Request, context: Context) -> Response:
    """List the systems that run commands."""
    return system_names(request, context.services.commands.systems(context.caller))


@router.post(
    "/command/{system}",
    operation_id="runCommand",
    response_model=CommandAnswer,
    summary="Run a command",
    openapi_extra=json_body(CommandBody),
    responses={
        403: {"description": "The account or token may not run commands."},
        404: {"description": "There is no such system, program or folder."},
    },
)
async def run(request: Request, context: Context, system: System) -> Response:
    """Run a program to its end as yourself, and return its output.

    Processes that it leaves running are killed; submit a job for anything that should
    last.
    """
    asked = await read_model(request, CommandBody)
    commands = context.services.commands
    command = Command(
        argv=tuple(argument.encode() for argument in asked.command),
        directory=decode_path(asked.directory.encode()),
        environment={k.encode(): v.encode() for k, v in asked.environment.items()},
        stdin=asked.stdin.encode(),
        seconds=asked.seconds or commands.longest_seconds,
    )
    outcome = await commands.run(context.caller, system, command)
    return json_response(
        {
            "exit_code": outcome.exit_code,
            "stdout": outcome.stdout.decode("utf-8", "replace"),
            "stderr": outcome.stderr.decode("utf-8", "replace"),
            "stdout_truncated": outcome.stdout_truncated,
            "stderr_truncated": outcome.stderr_truncated,
            "timed_out": outcome.timed_out,
        }
    )
