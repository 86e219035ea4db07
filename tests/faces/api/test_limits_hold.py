"""Each largest value in the OpenAPI document is the one that the gateway takes."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.whole import OWNER, Whole, whole

from gatewright.core.config import Config
from gatewright.faces.api import application

Parameter = Mapping[str, Any]
JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, {}) as opened:
        (opened.home / "x").mkdir()
        yield opened


def limited() -> Iterator[tuple[str, str, str, float]]:
    """Yield method, path, parameter and largest value of each bounded parameter."""
    document: dict[str, Any] = application(Config()).openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                most = _most(parameter)
                # The query of a submission has limits of the machine beside these.
                if most is None or method == "head":
                    continue
                if (method, path) != ("post", "/jobs/{system}"):
                    yield method.upper(), path, parameter["name"], most


def _most(parameter: Parameter) -> float | None:
    schema = parameter["schema"] if parameter["in"] == "query" else {}
    for part in (schema, *schema.get("anyOf", ())):
        if "maximum" in part:
            return float(part["maximum"])
        if "exclusiveMaximum" in part:
            return float(part["exclusiveMaximum"]) - 1
    return None


async def _is_refused(
    client: httpx.AsyncClient, method: str, path: str, name: str, value: float
) -> bool:
    """Return whether the value of a parameter is refused, and named as the cause."""
    query = {name: f"{value:.0f}" if value.is_integer() else str(value)}
    if path.endswith(("/cutout", "/cutouts")):
        query["pos"] = "CIRCLE 10 10 0.001"
        # Some of their limits are of pictures.
        query["format"] = "apng" if name == "seconds" else "png"
    answer = await client.request(
        method,
        "/api/v1" + re.sub(r"\{\w+\}", "x", path.replace("{system}", "local")),
        params=query,
        content=None if method == "GET" else b"{}",
        headers=MERGE if method == "PATCH" else JSON,
    )
    return answer.status_code in {400, 422} and name in answer.json()["detail"]


async def test_the_largest_value_is_taken_and_the_next_is_not(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    assert (await client.put("/api/v1/store/x", json={})).is_success
    wrong = []
    for method, path, name, most in limited():
        if await _is_refused(client, method, path, name, most):
            wrong.append(f"{method} {path} refuses {name}={most:.0f}")
        if not await _is_refused(client, method, path, name, most + 1):
            wrong.append(f"{method} {path} takes {name}={most + 1:.0f}")
    assert not wrong
    assert len(list(limited())) > 20
