"""A face: one protocol of the gateway, as one ASGI application under one prefix."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.web.problems import Renderer, problem


@dataclass(frozen=True, slots=True)
class Face:
    """What a face's entry point (``gatewright.faces``) names."""

    name: str
    """Name in the configuration."""
    prefix: str
    """Path that all its URLs begin with (``/api/v1``); empty for the portal."""
    build: Callable[[Services], ASGIApp]
    """Makes the application; it answers errors in its protocol's own form."""
    error: Renderer = problem
    """That form, also of what is refused before the application is reached."""
