"""``gatewright survey``: collections of telescope images, added by the operator."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import click

from gatewright.cli.identity import change_of
from gatewright.cli.options import chosen_config, gateway_options
from gatewright.composition.sky import SkyTools, open_sky_tools
from gatewright.core.access import access_of
from gatewright.core.caller import Caller
from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest, Unavailable
from gatewright.domains.identity import Identity
from gatewright.domains.sky import IngestReport, Survey

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_TRIES = 60


@click.group()
def survey() -> None:
    """Add and list collections of telescope images."""


@survey.command()
@gateway_options
@click.argument("name", metavar="ID")
@click.argument("images", metavar="PATTERN-or-FOLDER")
@click.option("--title", default="", help="Title in the catalogue.")
@click.option(
    "--access",
    default="public",
    show_default=True,
    help="public, users, or accounts and groups joined by commas.",
)
def add(
    config_file: Path | None,
    state: Path | None,
    name: str,
    images: str,
    title: str,
    access: str,
) -> None:
    """Read the FITS images of a folder or pattern into the survey ID.

    The gateway may run meanwhile. To add a survey again reads what is new or changed.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "The ID of a survey has letters, digits, “.”, “_” and “-”, and begins "
            "with a letter or digit."
        )
    names = [part.strip() for part in access.split(",") if part.strip()]
    rule = access_of(access if access in {"public", "users"} else names)
    added = Survey(name, title or name, str(Path(images).absolute()), rule)
    config = chosen_config(config_file, state)

    async def action(identity: Identity, caller: Caller) -> IngestReport:
        return await _with_tools(config, lambda tools: _add(tools, added))

    _tell(change_of(config, f"survey add {name}", action))


async def _add(tools: SkyTools, survey: Survey) -> IngestReport:
    known = await tools.index.survey(survey.id)
    if known is not None and known.configured:
        raise InvalidRequest(
            f"The configuration names the survey “{survey.id}”; change it there."
        )
    await tools.index.save_survey(survey)
    for _ in range(_TRIES):
        report = await tools.ingest.run(survey)
        if report is not None:
            return report
        await asyncio.sleep(1.0)
    raise Unavailable("Another process is reading this survey. Try again later.")


def _tell(report: IngestReport) -> None:
    for item in report.left_out:
        click.echo(f"left out {item.path}: {item.reason}", err=True)
    left = len(report.left_out)
    click.echo(
        f"{report.survey}: {report.files} files, {report.read} read with "
        f"{report.images} images, {report.removed} gone, {left} left out"
    )


@survey.command("list")
@gateway_options
def list_surveys(config_file: Path | None, state: Path | None) -> None:
    """List all surveys: id, images, where its files are, title."""
    config = chosen_config(config_file, state)
    for line in asyncio.run(_with_tools(config, _lines)):
        click.echo(line)


async def _lines(tools: SkyTools) -> list[str]:
    lines = []
    for one in await tools.index.surveys():
        coverage = await tools.index.coverage(one.id)
        lines.append(f"{one.id}\t{coverage.images}\t{one.pattern}\t{one.title}")
    return lines


async def _with_tools(config: Config, action: Callable[[SkyTools], Awaitable[T]]) -> T:
    async with AsyncExitStack() as stack:
        return await action(await open_sky_tools(config, stack))
