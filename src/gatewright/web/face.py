"""A face: one protocol of the gateway, as one ASGI application under one prefix."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.web.credentials import SessionCookie
from gatewright.web.prefixes import longest_first, prefix_of
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
    public: tuple[str, ...] = ()
    """Beginnings of the paths below the prefix (``/`` for all) of what is the same for
    everybody, such as code: pages of any origin may read and show it."""
    open: tuple[str, ...] = ()
    """Beginnings of the paths of data, which pages of any origin may read and show as a
    visitor may: not what is answered to an account."""
    uploads: tuple[tuple[str, str], ...] = ()
    """Methods, and beginnings of paths below the prefix, whose bodies are streamed to
    a file: of any type, any encoding, and up to ``limits.upload_bytes``."""
    cookie: SessionCookie | None = None
    """A session's cookie of the protocol's own, beside the one that all faces read."""

    def is_public(self, path: str) -> bool:
        """Return whether what is at a path is the same for everybody."""
        return path[len(self.prefix) :].startswith(self.public)

    def is_open(self, path: str) -> bool:
        """Return whether pages of any origin may read what visitors find at a path."""
        return path[len(self.prefix) :].startswith(self.open)

    def is_upload(self, method: str, path: str) -> bool:
        """Return whether the body of a request is a file's content."""
        below = path[len(self.prefix) :]
        return any(method == verb and below.startswith(at) for verb, at in self.uploads)


class Faces:
    """All faces of a gateway, found by path."""

    def __init__(self, faces: Iterable[Face]) -> None:
        self._by_prefix = {face.prefix: face for face in faces}
        self._prefixes = longest_first(self._by_prefix)

    def at(self, path: str) -> Face | None:
        """Return the face that has a path: the longest prefix wins."""
        prefix = prefix_of(path, self._prefixes)
        return None if prefix is None else self._by_prefix[prefix]
