"""The systems of a family of resources, where its own URL is asked for."""

from collections.abc import Iterable

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from gatewright.core.pages import Page
from gatewright.web.listing import listing


class SystemName(BaseModel):
    """A system."""

    name: str = Field(description="Its name, which the URL goes on with.")


class SystemNames(BaseModel):
    """Systems."""

    systems: list[SystemName] = Field(description="All of them.")
    next: str | None = Field(description="Always null: there is one page.")


def system_names(request: Request, names: Iterable[str]) -> Response:
    """Return systems by their names."""
    return listing(request, "systems", Page([{"name": name} for name in names]))
