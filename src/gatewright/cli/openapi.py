"""``gatewright openapi``: the API's OpenAPI document."""

import json

import click

from gatewright.core.config import Config
from gatewright.faces.api import application


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the native API as JSON."""
    click.echo(json.dumps(application(Config()).openapi(), indent=1))
