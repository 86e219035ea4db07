"""Makes the gateway's ASGI application from a configuration."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.composition import Services, open_services
from gatewright.core import plugins
from gatewright.core.config import Config
from gatewright.core.errors import Conflict, GatewayError, InvalidRequest, Unavailable
from gatewright.web.disconnect import STOPPING, Stopping
from gatewright.web.face import Face
from gatewright.web.stack import wrap


def create_app(config: Config) -> "Application":
    """Return the ASGI application of a configuration; nothing is opened yet."""
    return Application(config)


class Application:
    """The gateway's ASGI application, whose lifespan opens and closes the services.

    Parameters
    ----------
    config
        The gateway's configuration.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._app: ASGIApp | None = None
        # Load the faces now, so that a standby process has imported them. Their errors
        # are raised when the lifespan begins.
        self._faces: list[Face] = []
        with suppress(GatewayError):
            self._faces = load_faces(config)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle the lifespan or one request.

        Raises
        ------
        Unavailable
            A request came before the lifespan began.
        """
        if scope["type"] == "lifespan":
            return self._lifespan(scope, receive, send)
        if scope["type"] != "http":
            return send({"type": "websocket.close", "code": 1000})
        if self._app is None:
            raise Unavailable("The gateway is not open.")
        return self._app(scope, receive, send)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Services]:
        """Open the services and build the faces; close all when the context ends."""
        async with open_services(self._config) as services:
            faces = self._faces or load_faces(self._config)
            self._app = wrap(faces, services, self._config)
            try:
                yield services
            finally:
                self._app = None

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        scope.get("state", {})[STOPPING] = Stopping()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.opened())
            except GatewayError as error:
                await send({"type": "lifespan.startup.failed", "message": error.text})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def load_faces(config: Config) -> list[Face]:
    """Return the faces that a configuration names, by default all that are installed.

    Raises
    ------
    InvalidRequest
        A face is not installed, or its package cannot be imported; the text names it.
    Conflict
        Two faces have the same prefix, or a face's prefix begins like the public URL's
        path.
    """
    names = config.gateway.faces
    names = plugins.installed(plugins.FACES) if names is None else names
    faces: list[Face] = []
    for name in names:
        face = plugins.load(plugins.FACES, name)
        if not isinstance(face, Face):
            raise InvalidRequest(f"The plug-in “{name}” is not a face.")
        faces.append(face)
    prefixes = [face.prefix for face in faces]
    for face in faces:
        if prefixes.count(face.prefix) > 1:
            raise Conflict(f"Two faces have the prefix “{face.prefix}/”.")
        if config.prefix and config.prefix.split("/")[1] in face.prefix.split("/")[1:2]:
            raise Conflict(
                f"The path of “url” begins as the addresses of the face “{face.name}” "
                f"do (“{face.prefix}/”). Give the gateway another path."
            )
    return faces
