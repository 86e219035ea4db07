"""``gatewright openapi``: the API's OpenAPI document."""

import json

import click
from fastapi import FastAPI

from gatewright.core.config import Config
from gatewright.faces.api import ROUTERS


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the native API as JSON."""
    config = Config()
    app = FastAPI(title=config.gateway.title)
    for router in ROUTERS:
        app.include_router(router)
    click.echo(json.dumps(app.openapi(), indent=1))
