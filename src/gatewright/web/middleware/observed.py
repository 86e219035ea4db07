"""What is learned of a request on its way in, for the log and the metrics outside."""

from dataclasses import dataclass
from typing import ClassVar

from starlette.types import Scope


@dataclass(slots=True)
class Observed:
    """Filled in below, read above; it stays one object when a scope is copied."""

    KEY: ClassVar[str] = "gatewright.observed"

    user: str = ""
    """Account behind the request, empty for a visitor."""
    route: str = ""
    """Template of the route that answered, such as ``/api/v1/files/{system}``."""


def observed(scope: Scope) -> Observed:
    """Return what is known of a request; begin a new record when there is none."""
    known = scope.get(Observed.KEY)
    if known is None:
        known = scope[Observed.KEY] = Observed()
    assert isinstance(known, Observed)  # noqa: S101  # the key is ours
    return known
