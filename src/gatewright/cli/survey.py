"""``gatewright survey``: adds, lists and removes collections of telescope images."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable
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
from gatewright.core.errors import InvalidRequest, NotFound, Unavailable
from gatewright.domains.identity import Identity
from gatewright.domains.sky import (
    IngestReport,
    Reading,
    Survey,
    SurveyRules,
    check_rules,
)

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_TRIES = 60
_PROGRESS_SECONDS = 3.0


@click.group()
def survey() -> None:
    """Add, list and remove collections of telescope images."""


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
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME=BAND",
    help='Band of a header\'s filter, such as "zd DECam k1038=z" or VR=500-760 (nm).',
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="PATTERN=KIND",
    help='Kind of image by a file or HDU name pattern, such as "*.wt.fits=weight".',
)
@click.option(
    "--keyword",
    "keywords",
    multiple=True,
    metavar="FIELD=KEYWORD",
    help="Keyword to read filter, start, end or exposure from, as start=SHUTOPEN.",
)
@click.option(
    "--calib-level",
    type=click.IntRange(0, 4),
    help="Calibration level of the science images: 1 raw, 2 calibrated, 3 combined.",
)
def add(
    config_file: Path | None,
    state: Path | None,
    name: str,
    images: str,
    title: str,
    access: str,
    filters: tuple[str, ...],
    kinds: tuple[str, ...],
    keywords: tuple[str, ...],
    calib_level: int | None,
) -> None:
    """Read the FITS images of a folder or pattern into the survey ID.

    The gateway may be running. Adding a survey again reads new and changed files, or
    all files if the options that concern headers are different.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "The ID of a survey has to be letters, digits, “.”, “_” and “-”, and begin "
            "with a letter or digit."
        )
    names = [part.strip() for part in access.split(",") if part.strip()]
    rule = access_of(access if access in {"public", "users"} else names)
    rules = SurveyRules(_pairs(filters), _pairs(kinds), _pairs(keywords), calib_level)
    added = Survey(
        name,
        title or name,
        str(Path(images).absolute()),
        rule,
        rules=check_rules(rules),
    )
    config = chosen_config(config_file, state)

    async def action(identity: Identity, caller: Caller) -> IngestReport:
        return await _with_tools(config, lambda tools: _add(tools, added))

    report = change_of(config, f"survey add {name}", action)
    for item in report.left_out:
        click.echo(f"left out {item.path}: {item.reason}", err=True)
    click.echo(
        f"{report.survey}: {report.files} files, {report.read} read with "
        f"{report.images} images, {report.removed} gone, "
        f"{len(report.left_out)} left out"
    )


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    """Return the pairs in options of the form NAME=VALUE; NAME may contain “=”."""
    parts = [text.rpartition("=") for text in texts]
    if not all(name for name, _, _ in parts):
        raise InvalidRequest("Write --filter, --kind and --keyword as NAME=VALUE.")
    return {name.strip(): value.strip() for name, _, value in parts}


async def _add(tools: SkyTools, survey: Survey) -> IngestReport:
    known = await tools.index.survey(survey.id)
    if known is not None and known.configured:
        raise InvalidRequest(
            f"The configuration names the survey “{survey.id}”; change it there."
        )
    await tools.index.save_survey(survey)
    for _ in range(_TRIES):
        report = await tools.ingest.run(survey, _Progress(survey.id))
        if report is not None:
            return report
        await asyncio.sleep(1.0)
    raise Unavailable("Another process is reading this survey. Try again later.")


class _Progress:
    """Prints every few seconds how many files of a survey were read."""

    def __init__(self, survey: str) -> None:
        self._survey = survey
        self._last = time.monotonic()

    def __call__(self, reading: Reading) -> None:
        """Print the progress if it is time to."""
        now = time.monotonic()
        if now - self._last < _PROGRESS_SECONDS:
            return
        self._last = now
        click.echo(
            f"{self._survey}: {reading.done} of {reading.files} files read", err=True
        )


@survey.command()
@gateway_options
@click.argument("name", metavar="ID")
def remove(config_file: Path | None, state: Path | None, name: str) -> None:
    """Remove the survey ID and its images from the index; no file is touched."""
    config = chosen_config(config_file, state)

    async def action(identity: Identity, caller: Caller) -> None:
        await _with_tools(config, lambda tools: _remove(tools, name))

    change_of(config, f"survey remove {name}", action)
    click.echo(f"{name}: removed; its files were not touched")


async def _remove(tools: SkyTools, name: str) -> None:
    known = await tools.index.survey(name)
    if known is None:
        raise NotFound(f"There is no survey “{name}”; “survey list” shows all.")
    if known.configured:
        raise InvalidRequest(
            f"The configuration names the survey “{name}”; remove it there."
        )
    await tools.index.remove_survey(name)


@survey.command("list")
@gateway_options
def list_surveys(config_file: Path | None, state: Path | None) -> None:
    """List all surveys: id, number of images, path pattern, title."""
    config = chosen_config(config_file, state)

    async def list_all(tools: SkyTools) -> None:
        for one in await tools.index.surveys():
            coverage = await tools.index.coverage(one.id)
            click.echo(f"{one.id}\t{coverage.images}\t{one.pattern}\t{one.title}")

    asyncio.run(_with_tools(config, list_all))


async def _with_tools(config: Config, action: Callable[[SkyTools], Awaitable[T]]) -> T:
    async with AsyncExitStack() as stack:
        return await action(await open_sky_tools(config, stack))
