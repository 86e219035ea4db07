"""Finds what the start of a gateway refuses in a configuration file without mistakes.

The start needs more than the types of the settings: tables and secrets that can be
read, known bands, a path of the URL that no face has, and a database that answers.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gatewright.app import load_faces
from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.composition.sky import places_of, times_of
from gatewright.core.config import Config, SurveySource
from gatewright.core.config_file import Mistake, locate, mistake_at
from gatewright.core.config_words import Location
from gatewright.core.errors import GatewayError
from gatewright.domains.sky import SurveyRules, check_rules

Look = Callable[[], object]
"""Does what the start does with a setting; raises a GatewayError if that is refused."""


def refusals(config: Config, path: Path) -> Iterator[Mistake]:
    """Yield what the start refuses, with the lines of a configuration's file.

    Parameters
    ----------
    config
        The configuration, without mistakes by its types.
    path
        The file that it was read from.
    """
    lines = locate(path.read_text(encoding="utf-8"))
    for place, look in _looks(config):
        try:
            look()
        except GatewayError as error:
            yield mistake_at(place, "refused", error.text, lines)


def unreached_database(config: Config) -> str:
    """Return why the database does not answer; an empty text if it does.

    The embedded one is a file of the state folder, and needs no more than that.
    """
    if config.gateway.database == "sqlite":
        return ""
    try:
        asyncio.run(_connect(config.gateway.database))
    except GatewayError as error:
        return error.text
    return ""


async def _connect(url: str) -> None:
    database = await PostgresqlDatabase.open(url, connections=1)
    await database.close()


def _looks(config: Config) -> Iterator[tuple[Location, Look]]:
    """Yield what the start looks at, with the place of the setting in the file."""
    yield ("gateway", "url"), partial(load_faces, config)
    yield ("gateway", "places"), partial(places_of, config)
    for number, survey in enumerate(config.surveys):
        for setting, rules in _rules_of(survey).items():
            yield ("surveys", number, setting), partial(check_rules, rules)
        yield ("surveys", number, "times"), partial(_check_times, survey)
    if config.multi_user and os.geteuid() != 0:
        return  # the secrets are those of authn's account
    for number, provider in enumerate(config.identity.providers):
        if provider.client_secret_file is not None:
            # Imported here, since it brings libraries that few gateways need.
            from gatewright.backends.oidc import read_secret

            place = ("identity", "providers", number, "client_secret_file")
            yield place, partial(read_secret, provider.client_secret_file)


def _rules_of(survey: SurveySource) -> dict[str, SurveyRules]:
    """Return the rules of a survey, each setting by itself."""
    return {
        "filters": SurveyRules(filters=survey.filters),
        "kinds": SurveyRules(kinds=survey.kinds),
        "keywords": SurveyRules(keywords=survey.keywords),
    }


def _check_times(survey: SurveySource) -> None:
    check_rules(SurveyRules(times=times_of(survey)))
