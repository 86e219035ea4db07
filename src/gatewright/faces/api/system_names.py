"""Lists of systems, for the URLs of families of resources such as ``/jobs``."""

from collections.abc import Iterable

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from gatewright.core.pages import Page
from gatewright.web.listing import listing


class SystemName(BaseModel):
    """The name of a system."""

    name: str = Field(description="Name, which is the next part of the URL.")


class SystemNames(BaseModel):
    """Names of systems."""

    systems: list[SystemName] = Field(description="The systems.")
    next: str | None = Field(description="Always null: there is one page.")


def system_names(request: Request, names: Iterable[str]) -> Response:
    """Return a response that lists systems by name."""
    return listing(request, "systems", Page([{"name": name} for name in names]))
