"""The portal's pages: one HTML shell for all addresses, whose script reads the URL."""

import html
import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatewright.faces.site.assets import Asset, Assets, make_asset
from gatewright.faces.site.serve import asset_response

VIEWS = (
    "files",
    "jobs",
    "queue",
    "data",
    "sky",
    "scan",
    "objects",
    "classifiers",
    "store",
    "account",
    "status",
    "usage",
    "admin",
)
"""First path segments of the portal's views; each view defines what follows."""

SHELL = "portal/index.html"
API_PAGE = "portal/api.html"
LOST_PAGE = "portal/lost.html"
MESSAGE_PAGE = "portal/message.html"

_WORD = re.compile(r"\{(heading|text|href|link)\}")


class Portal:
    """Serves the portal's shell, the API page, and the files of the kit."""

    def __init__(
        self, assets: Assets, title: str, root: str = "", system: str = "local"
    ) -> None:
        self._assets = assets
        words = {"{system}": system, "{title}": title}
        self._pages = {
            name: _page(asset, assets.version, words, root)
            for name, asset in assets.files.items()
            if name.startswith("portal/") and name.endswith(".html")
        }

    def routes(self) -> list[Route]:
        """Return the routes of the portal."""
        views = [f"/{view}" for view in VIEWS]
        below = [f"/{view}/{{rest:path}}" for view in VIEWS]
        return [
            Route("/kit/{path:path}", self.kit),
            Route("/favicon.ico", self.icon),
            Route("/docs", self.to_api_page),
            Route("/docs/api", self.api_page),
            *(Route(path, self.shell) for path in ("/", *views, *below)),
        ]

    async def kit(self, request: Request) -> Response:
        """Return a file of the kit, by its path or by one with the kit's version."""
        path = request.path_params["path"]
        versioned = f"~{self._assets.version}/"
        name = path.removeprefix(versioned)
        asset = self._assets.files.get(name)
        if asset is None:
            raise HTTPException(404)
        named = request.query_params.get("v") == asset.digest
        return asset_response(
            asset, request, forever=named or path.startswith(versioned)
        )

    async def icon(self, request: Request) -> Response:
        """Return the icon at ``/favicon.ico``, which browsers request by default."""
        return asset_response(self._assets.files["favicon.svg"], request)

    async def shell(self, request: Request) -> Response:
        """Return the portal's shell, whose script shows the view of the URL."""
        return asset_response(self._pages[SHELL], request)

    async def to_api_page(self, request: Request) -> Response:
        """Redirect to the API page, the only documentation that the gateway serves."""
        return RedirectResponse("/docs/api", 307)

    async def api_page(self, request: Request) -> Response:
        """Return the page that documents the API and lets users try it."""
        return asset_response(self._pages[API_PAGE], request)

    def lost(self, request: Request) -> Response:
        """Return the page for addresses that do not exist, with status 404."""
        return asset_response(self._pages[LOST_PAGE], request, status=404)

    def page(self, name: str, request: Request, status: int) -> Response:
        """Return a page by its file name."""
        return asset_response(self._pages[f"portal/{name}"], request, status=status)

    def message(
        self, request: Request, status: int, words: Mapping[str, str]
    ) -> Response:
        """Return a page with a heading, a text, and a link.

        ``words`` are its ``heading``, ``text``, ``href`` and ``link``, as plain text.
        """
        text = _WORD.sub(
            lambda found: html.escape(words[found[1]]),
            self._pages[MESSAGE_PAGE].body.decode(),
        )
        asset = make_asset(text.encode(), ".html", {})
        return asset_response(asset, request, status=status)


def _page(asset: Asset, version: str, words: Mapping[str, str], root: str) -> Asset:
    """Fill in words, the gateway's path prefix, and the kit's version in URLs."""
    text = asset.body.decode()
    for name, word in words.items():
        text = text.replace(name, html.escape(word))
    text = text.replace('="/kit/', f'="/kit/~{version}/')
    text = re.sub(r' (href|src)="/', rf' \1="{root}/', text)
    return make_asset(text.encode(), ".html")
