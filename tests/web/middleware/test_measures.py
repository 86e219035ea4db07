"""What is measured and logged of a request."""

import json
import logging
import os
import time

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.support.answering import answering, nothing
from tests.support.asgi import ask, constant, failing, scope_of

from gatewright.web.dispatch import Dispatch
from gatewright.web.exchange import Exchange, exchange_of
from gatewright.web.middleware.access_log import AccessLog
from gatewright.web.middleware.answers import Answers, add_time_taken
from gatewright.web.middleware.metrics import Meters, Metrics


async def test_the_answer_has_the_time_taken() -> None:
    began = time.perf_counter()
    answer = await ask(answering(constant(), add_time_taken), scope_of())
    took = (time.perf_counter() - began) * 1000
    name, _, value = answer.headers["server-timing"].partition(";dur=")
    assert name == "total"
    assert 0 <= float(value) <= round(took, 2)


def counted(app: ASGIApp, meters: Meters) -> Answers:
    return Answers(app, watchers=(Metrics(meters),))


async def test_requests_are_counted_by_the_templates_of_their_routes() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Route("/files/{system}", nothing)
        await constant(b"12345")(scope, receive, send)

    meters = Meters()
    await ask(
        counted(Dispatch({"/api/v1": app}), meters),
        scope_of(target="/api/v1/files/secret-name"),
    )
    await ask(counted(constant(), meters), scope_of("BREW", "/coffee"))
    with pytest.raises(OSError, match="x"):
        await ask(counted(failing(OSError("x"), started=True), meters), scope_of())
    page = meters.render().decode()
    line = 'method="GET",route="/api/v1/files/{system}",status="200"} 1.0'
    assert line in page
    assert 'seconds_count{route="/api/v1/files/{system}"} 1.0' in page
    assert 'method="other",route="none",status="200"} 1.0' in page
    assert "gatewright_sent_bytes_total 8.0" in page
    assert "gatewright_requests_running 0.0" in page
    assert "secret-name" not in page
    assert "coffee" not in page


async def test_times_are_counted_as_prometheus_client_counts_them() -> None:
    """Its own histogram is given the times that were measured, and shows the same."""
    times = [0.0, 0.0009, 0.001, 0.0011, 0.05, 0.3, 30.0, 31.0]
    meters = Meters()
    metrics = Metrics(meters)
    for seconds in times:
        exchange = Exchange(scope_of())
        exchange.status, exchange.seconds = 200, seconds
        metrics.began(exchange)
        metrics.ended(exchange)
    found = parsed(meters.render().decode(), "gatewright_request_seconds")
    bounds = [float(name) for name in found if name not in {"count", "sum"}]
    registry = CollectorRegistry()
    known = Histogram("known", "x", ("route",), buckets=bounds, registry=registry)
    for seconds in times:
        known.labels("none").observe(seconds)
    assert found == parsed(generate_latest(registry).decode(), "known")
    assert found["0.001"] == 3
    assert found["count"] == len(times)


def parsed(page: str, name: str) -> dict[str, float]:
    """Return the buckets, the count and the sum of a histogram's one route."""
    return {
        sample.labels.get("le", sample.name.removeprefix(f"{name}_")): sample.value
        for family in text_string_to_metric_families(page)
        if family.name == name
        for sample in family.samples
    }


async def test_each_app_counts_for_itself() -> None:
    first, second = Meters(), Meters()
    await ask(counted(constant(), first), scope_of())
    assert b'status="200"' not in second.render()


async def test_several_processes_tell_their_counts_apart() -> None:
    meters = Meters(several=True)
    await ask(counted(constant(), meters), scope_of())
    for line in meters.render().decode().splitlines():
        assert line.startswith("#") or f'process="{os.getpid()}"' in line
    assert b'route="none"' in meters.render()


async def logged(
    scope: Scope, caplog: pytest.LogCaptureFixture, user: str = ""
) -> dict[str, object]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).user = user
        await constant(b"abc")(scope, receive, send)

    with caplog.at_level(logging.INFO, "gatewright.access"):
        await ask(Answers(app, watchers=(AccessLog(),)), scope)
    fields: dict[str, object] = caplog.records[-1].__dict__["fields"]
    return fields


async def test_a_request_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    fields = [(b"x-request-id", b"id-12345")]
    scope = scope_of("POST", "/api/v1/jobs/local?limit=5", fields)
    entry = await logged(scope, caplog, "ada")
    assert entry.pop("milliseconds") >= 0  # type: ignore[operator]
    assert entry == {
        "method": "POST",
        "path": "/api/v1/jobs/local",
        "query": "limit=5",
        "status": 200,
        "bytes": 3,
        "whole": True,
        "user": "ada",
        "address": "192.0.2.7",
        "request_id": "id-12345",
    }


async def test_secrets_in_the_query_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    target = "/sign-in?code=s3cret&token=s3cret&X-Amz-Signature=s3cret&q=s3cret"
    entry = await logged(scope_of(target=target), caplog)
    assert "s3cret" not in json.dumps(entry)
    assert entry["query"] == "code=...&token=...&X-Amz-Signature=...&q=..."


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("view=stat&&x&lines=3=4", "view=stat&x=...&lines=..."),
        ("view=a=b&format=", "view=a=b&format="),
        ("%76iew=a+b&x=%41", "view=a b&x=..."),
    ],
)
async def test_names_and_harmless_values_of_the_query_are_logged(
    query: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await logged(scope_of(target=f"/api/v1/files/local/x?{query}"), caplog)
    assert entry["query"] == shown


async def test_of_a_token_in_a_url_its_key_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    key, secret = "0" * 26, "s3cret-" * 6 + "s"
    for dot in (".", "%2E"):
        token = f"gw_{key}{dot}{secret}"
        target = f"/api/v1/tokens/{token}?{token}&format={token}"
        entry = await logged(scope_of(target=target), caplog)
        assert "s3cret" not in json.dumps(entry)
        assert entry["path"] == f"/api/v1/tokens/gw_{key}..."
        assert entry["query"] == f"...=...&format=gw_{key}..."


async def test_what_a_client_wrote_is_escaped_and_cut(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scope = scope_of(target="/?limit=%0a%1b[31m")
    scope["raw_path"] = b"/\x1b[31m\n\xff" + b"a" * 9000
    entry = await logged(scope, caplog, "u" * 10_000)
    assert all(len(str(value)) < 600 for value in entry.values())
    line = json.dumps(entry)
    assert "\n" not in line
    assert "\x1b" not in line


async def test_without_the_logger_nothing_is_measured(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "gatewright.access"):
        answer = await ask(Answers(constant(), watchers=(AccessLog(),)), scope_of())
    assert answer.status == 200
    assert not caplog.records
