import asyncio
import json
from typing import Any

import pytest
from tests.support.app import caller
from tests.support.asgi import ask, constant, failing, scope_of

from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config import Config
from gatewright.core.errors import MethodNotAllowed, NotAllowed, NotFound, NotSignedIn
from gatewright.core.health import Health, Part
from gatewright.web.context import SCOPE_KEY, RequestContext
from gatewright.web.disconnect import STOPPING
from gatewright.web.dispatch import Dispatch
from gatewright.web.exchange import exchange_of
from gatewright.web.health import (
    MetricsPage,
    Probes,
    is_for_this_machine_alone,
)
from gatewright.web.middleware.metrics import Meters


async def fine() -> None:
    await asyncio.sleep(0)


async def broken() -> None:
    raise OSError("/var/secret")


async def probe(path: str, checks: dict[str, Any], **state: object) -> tuple[int, Any]:
    parts = {name: Part(check, name == "database") for name, check in checks.items()}
    app = Probes(failing(AssertionError()), Health(parts))
    answer = await ask(app, scope_of(target=path) | {"state": state})
    assert answer.headers["cache-control"] == "no-store"
    return answer.status, json.loads(answer.body)


async def test_a_process_that_answers_is_live() -> None:
    status = await probe("/health/live", {"database": broken})
    assert status == (200, {"status": "live"})


async def test_a_gateway_is_ready_when_all_parts_answer() -> None:
    answer = await probe("/health/ready", {"database": fine, "readers": fine})
    parts = {"database": "up", "readers": "up"}
    assert answer == (200, {"status": "ready", "parts": parts})


async def test_without_its_database_a_gateway_is_not_ready() -> None:
    status, body = await probe("/health/ready", {"database": broken, "readers": fine})
    assert status == 503
    assert body == {
        "status": "not ready",
        "not_ready": ["database"],
        "parts": {"database": "down", "readers": "up"},
    }


async def test_without_a_system_a_gateway_goes_on() -> None:
    checks = {"database": fine, "systems/local/files": broken}
    status, body = await probe("/health/ready", checks)
    assert status == 200
    assert body == {
        "status": "degraded",
        "not_ready": ["systems/local/files"],
        "parts": {"database": "up", "systems/local/files": "down"},
    }


async def test_a_gateway_that_stops_is_not_ready() -> None:
    stopping = asyncio.Event()
    state = {STOPPING: stopping}
    assert (await probe("/health/ready", {}, **state))[0] == 200
    stopping.set()
    assert (await probe("/health/ready", {}, **state))[1]["not_ready"] == ["stopping"]


async def test_other_paths_and_methods() -> None:
    app = Probes(constant(b"inner"), Health({}))
    assert (await ask(app, scope_of(target="/health/other"))).body == b"inner"
    with pytest.raises(MethodNotAllowed):
        await ask(app, scope_of("POST", "/health/live"))


def metrics_scope(
    who: Caller, client: str, *headers: tuple[bytes, bytes]
) -> dict[str, Any]:
    scope = scope_of(target="/metrics", headers=headers, client=client)
    context = RequestContext(None, who, "id")  # type: ignore[arg-type]
    return scope | {SCOPE_KEY: context}


async def test_metrics_are_for_this_machine_and_admins() -> None:
    page = MetricsPage(Meters(), {}, local=True)
    here = metrics_scope(visitor(), "127.0.0.1")
    assert b"gatewright_requests_running" in (await ask(page, here)).body
    owner = metrics_scope(caller(), "192.0.2.1")
    assert (await ask(page, owner)).status == 200
    with pytest.raises(NotSignedIn):
        await ask(page, metrics_scope(visitor(), "192.0.2.1"))
    with pytest.raises(NotAllowed):
        await ask(page, metrics_scope(caller("bob", Role.GUEST), "192.0.2.1"))


async def test_a_proxy_on_this_machine_is_not_this_machine() -> None:
    proxied = metrics_scope(visitor(), "127.0.0.1", (b"x-forwarded-for", b"192.0.2.1"))
    with pytest.raises(NotSignedIn):
        await ask(MetricsPage(Meters(), {}, local=True), proxied)
    with pytest.raises(MethodNotAllowed):
        await ask(MetricsPage(Meters(), {}, local=True), proxied | {"method": "POST"})


@pytest.mark.parametrize(
    ("gateway", "alone"),
    [
        ({}, True),
        ({"url": "http://localhost:8000"}, True),
        ({"listen": "[::1]:8000"}, True),
        ({"url": "https://gateway.example.org"}, False),
        ({"listen": "0.0.0.0:8000"}, False),
        ({"trusted_proxies": ["127.0.0.1"]}, False),
    ],
)
async def test_a_proxy_that_says_nothing_does_not_open_the_metrics(
    gateway: dict[str, Any], alone: bool
) -> None:
    config = Config.model_validate({"gateway": gateway})
    assert is_for_this_machine_alone(config) is alone
    page = MetricsPage(Meters(), {}, local=alone)
    scope = metrics_scope(visitor(), "127.0.0.1")
    if alone:
        assert (await ask(page, scope)).status == 200
        return
    with pytest.raises(NotSignedIn):
        await ask(page, scope)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1", b"api"),
        ("/api/v1/jobs", b"api"),
        ("/api/v10", b"site"),
        ("/api", b"site"),
        ("/", b"site"),
        ("/dap/x", b"dap"),
    ],
)
async def test_the_longest_prefix_answers(path: str, name: bytes) -> None:
    apps = {
        "": constant(b"site"),
        "/api/v1": constant(b"api"),
        "/dap": constant(b"dap"),
    }
    scope = scope_of(target=path)
    assert (await ask(Dispatch(apps), scope)).body == name
    assert exchange_of(scope).route.endswith("/*")
    assert scope["path"] == path


async def test_a_path_of_no_face_is_not_found() -> None:
    with pytest.raises(NotFound):
        await ask(Dispatch({"/api/v1": constant()}), scope_of(target="/other"))
