"""Parts of the application that are the same in every test, made once in a process.

Making them takes most of the time in which a gateway opens.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from unittest.mock import patch

from fastapi import FastAPI

from gatewright.core.config import Config
from gatewright.faces.api import application
from gatewright.faces.api.security import schemes
from gatewright.faces.site.assets import load_assets
from gatewright.web.described_api import DescribedApi

_applications: dict[str, FastAPI] = {}


def _application(config: Config) -> FastAPI:
    """Return the API's application; configurations differ in its document alone."""
    texts = f"{config.gateway.title} {schemes(config)}"
    if texts not in _applications:
        _applications[texts] = application(config)
    return _applications[texts]


_PARTS = {
    "gatewright.faces.api.application": _application,
    "gatewright.faces.api.DescribedApi": cache(DescribedApi),
    "gatewright.faces.site.load_assets": cache(load_assets),
}


@contextmanager
def made_once() -> Iterator[None]:
    """Let faces that are built take the parts that were made before."""
    with ExitStack() as patches:
        for name, made in _PARTS.items():
            patches.enter_context(patch(name, made))
        yield
