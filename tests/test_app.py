"""The gateway as one application, over its real services."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message
from tests.support.asgi import ask, constant, scope_of

from gatewright.app import Application, create_app, load_faces
from gatewright.core import plugins
from gatewright.core.config import Config
from gatewright.core.errors import Conflict, InvalidRequest, Unavailable
from gatewright.web.disconnect import STOPPING
from gatewright.web.face import Face


def config(state: Path, *faces: str, **gateway: Any) -> Config:
    named = {"state": str(state), "faces": list(faces), **gateway}
    return Config.model_validate({"gateway": named})


async def test_the_gateway_whole(tmp_path: Path) -> None:
    gateway = create_app(config(tmp_path / "state", "api"))
    async with gateway.opened():
        await _check_the_prefix(gateway)
        await _check_readiness(gateway)
        await _check_the_problem_where_no_face_is(gateway)
        await _check_that_routes_and_not_names_are_counted(gateway)


async def _check_the_prefix(gateway: Application) -> None:
    answer = await ask(gateway, scope_of(target="/api/v1/session"))
    assert answer.status == 200
    assert json.loads(answer.body)["user"] is None
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["ratelimit"]


async def _check_readiness(gateway: Application) -> None:
    """On a busy machine its database may be late for a look or two."""
    async with asyncio.timeout(60):
        while (await ask(gateway, scope_of(target="/health/ready"))).status != 200:
            await asyncio.sleep(0.1)


async def _check_the_problem_where_no_face_is(gateway: Application) -> None:
    answer = await ask(gateway, scope_of(target="/none"))
    assert answer.status == 404
    problem = json.loads(answer.body)
    assert problem["code"] == "not-found"
    assert problem["request_id"] == answer.headers["x-request-id"]


async def _check_that_routes_and_not_names_are_counted(gateway: Application) -> None:
    await ask(gateway, scope_of(target="/api/v1/user/a-secret-name"))
    page = await ask(gateway, scope_of(target="/metrics", client="127.0.0.1"))
    assert b'route="/api/v1/user/{name}"' in page.body
    assert b"a-secret-name" not in page.body


async def test_a_websocket_is_closed(tmp_path: Path) -> None:
    scope = scope_of() | {"type": "websocket"}
    gateway = create_app(config(tmp_path, "api"))
    assert (await ask(gateway, scope)).messages[0]["type"] == "websocket.close"


async def test_before_it_is_opened_it_has_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await ask(create_app(config(tmp_path, "api")), scope_of())


class Lifespan:
    """The server's side of the lifespan."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.state: dict[str, object] = {}
        self.stop = asyncio.Event()
        self.started = asyncio.Event()

    async def run(self, app: Application) -> None:
        """Begin, and end when ``stop`` is set."""
        asked = iter(["startup", "shutdown"])

        async def receive() -> Message:
            event = next(asked)
            if event == "shutdown":
                await self.stop.wait()
            return {"type": f"lifespan.{event}"}

        async def send(message: Message) -> None:
            self.sent.append(message)
            self.started.set()

        await app({"type": "lifespan", "state": self.state}, receive, send)


async def test_the_lifespan_opens_and_closes(tmp_path: Path) -> None:
    made, lifespan = create_app(config(tmp_path / "state", "api")), Lifespan()
    running = asyncio.create_task(lifespan.run(made))
    await lifespan.started.wait()
    assert isinstance(lifespan.state[STOPPING], asyncio.Event)
    assert (await ask(made, scope_of(target="/health/live"))).status == 200
    lifespan.stop.set()
    await running
    types = [message["type"] for message in lifespan.sent]
    assert types == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_gateway_that_cannot_open_says_why(tmp_path: Path) -> None:
    lifespan = Lifespan()
    await lifespan.run(create_app(config(tmp_path / "state", "no-such-face")))
    [message] = lifespan.sent
    assert message["type"] == "lifespan.startup.failed"
    assert "no-such-face" in message["message"]


def test_all_installed_faces_are_the_default() -> None:
    assert "api" in [face.name for face in load_faces(Config())]


def _named(monkeypatch: pytest.MonkeyPatch, plug_in: object) -> None:
    def load(group: str, name: str) -> object:
        return plug_in

    monkeypatch.setattr(plugins, "load", load)


def test_a_plug_in_that_is_no_face_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _named(monkeypatch, object())
    with pytest.raises(InvalidRequest, match="“odd” is not a face"):
        load_faces(Config.model_validate({"gateway": {"faces": ["odd"]}}))


def test_two_faces_at_one_prefix_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _named(monkeypatch, Face("twin", "/api/v1", lambda _: constant()))
    with pytest.raises(Conflict, match="/api/v1"):
        load_faces(Config.model_validate({"gateway": {"faces": ["a", "b"]}}))


def test_importing_opens_nothing(tmp_path: Path) -> None:
    create_app(config(tmp_path / "state", "api"))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/dap/here"])
def test_a_path_that_is_a_faces_own_is_refused(tmp_path: Path, path: str) -> None:
    below = config(tmp_path, "api", "dap", "site", url=f"https://a.example{path}")
    with pytest.raises(Conflict, match="another path"):
        load_faces(below)
    assert load_faces(config(tmp_path, "site", url=f"https://a.example{path}"))
