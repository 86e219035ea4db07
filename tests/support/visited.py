"""Data sets over the native API, as a visitor asks for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.support.app import client
from tests.support.gridded import VISITOR, datasets

from gatewright.core.config import Config, Gateway
from gatewright.faces.api import face


class Catalogue:
    """What of the services the data routes use."""

    def __init__(self, folder: Path) -> None:
        self.config = Config(gateway=Gateway(state=folder))
        self.datasets = datasets(*sorted(folder.glob("*.nc")))


@asynccontextmanager
async def visited(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Open the native API over the NetCDF files of a folder, for a visitor."""
    services: Any = Catalogue(folder)
    async with client(face.build(services), services, VISITOR) as made:
        yield made
