"""Pages that the gateway's operator adds: ``/pages/NAME``.

They are the files of the folder ``pages`` in the state folder, without subfolders, of
the kit's media types. They run with the gateway's own origin, so only the operator may
add one: users cannot write to that folder through the gateway.
"""

import asyncio
import os
import re
import stat
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatewright.faces.site.assets import MEDIA_TYPES, Asset, make_asset
from gatewright.faces.site.serve import asset_response

FOLDER = "pages"
LARGEST = 8 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


class OwnPages:
    """Serves the folder ``pages``.

    Parameters
    ----------
    state
        The gateway's state folder.
    """

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def routes(self) -> list[Route]:
        """Return the route of the pages."""
        return [Route(f"/{FOLDER}/{{name}}", self.page)]

    async def page(self, request: Request) -> Response:
        """Return the response with a page, which is read anew for each request."""
        name = request.path_params["name"]
        if not _NAME.fullmatch(name) or Path(name).suffix not in MEDIA_TYPES:
            raise HTTPException(404)
        asset = await asyncio.to_thread(read_page, self._folder / name)
        if asset is None:
            raise HTTPException(404)
        return asset_response(asset, request)


def read_page(path: Path) -> Asset | None:
    """Return a regular file of at most 8 MiB as an asset; None for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return make_asset(file.read(LARGEST), path.suffix, {})
    finally:
        os.close(descriptor)
