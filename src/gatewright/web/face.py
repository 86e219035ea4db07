"""Faces: the protocols of the gateway, each an ASGI application below one prefix."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.web.credentials import SessionCookie
from gatewright.web.prefixes import longest_first, prefix_of
from gatewright.web.problems import Renderer, problem


@dataclass(frozen=True, slots=True)
class Face:
    """A protocol of the gateway, named by an entry point (``gatewright.faces``)."""

    name: str
    """Name in the configuration."""
    prefix: str
    """Path that all of its URLs begin with (``/api/v1``); empty for the portal."""
    build: Callable[[Services], ASGIApp]
    """Makes the ASGI application, which renders errors in its protocol's own form."""
    error: Renderer = problem
    """Renders errors in that form, for requests that are refused before the
    application."""
    public: tuple[str, ...] = ()
    """Beginnings of paths below the prefix (``/`` for all) whose content is the same
    for everybody, such as scripts; pages of any origin may read and show it."""
    open: tuple[str, ...] = ()
    """Beginnings of paths below the prefix whose data pages of any origin may read and
    show as visitors see it, but not responses to an account."""
    uploads: tuple[tuple[str, str], ...] = ()
    """Methods and beginnings of paths below the prefix whose request bodies are
    streamed to a file. They may have any media type and encoding, and up to
    ``limits.upload_bytes``."""
    cookie: SessionCookie | None = None
    """A session cookie that the protocol defines, beside the gateway's own."""

    def is_public(self, path: str) -> bool:
        """Return whether the content at a path is the same for everybody."""
        return path[len(self.prefix) :].startswith(self.public)

    def is_open(self, path: str) -> bool:
        """Return whether pages of any origin may read what visitors see at a path."""
        return path[len(self.prefix) :].startswith(self.open)

    def is_upload(self, method: str, path: str) -> bool:
        """Return whether the body of a request is the content of a file."""
        below = path[len(self.prefix) :]
        return any(method == verb and below.startswith(at) for verb, at in self.uploads)


class Faces:
    """All faces of a gateway, found by path."""

    def __init__(self, faces: Iterable[Face]) -> None:
        self._by_prefix = {face.prefix: face for face in faces}
        self._prefixes = longest_first(self._by_prefix)

    def at(self, path: str) -> Face | None:
        """Return the face with the longest prefix of a path, or None."""
        prefix = prefix_of(path, self._prefixes)
        return None if prefix is None else self._by_prefix[prefix]
