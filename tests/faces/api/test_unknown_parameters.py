"""A query parameter that an operation does not have, or takes once, is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.whole import OWNER, Whole, whole

from gatewright.core.config import Config
from gatewright.faces.api import application


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path, {}) as opened:
        yield opened


def operations() -> list[tuple[str, str]]:
    document: dict[str, Any] = application(Config()).openapi()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
    ]


def filled(path: str) -> str:
    names = ("system", "collection", "dataset", "survey", "image", "name")
    for name in (
        *names,
        "coadd",
        "difference",
        "candidate",
        "classifier",
        "comment",
        "object",
        "change",
        "incident",
        "filter",
        "label",
        "session",
    ):
        path = path.replace(f"{{{name}}}", "x")
    return path.replace("{path}", "x").replace("{key}", "x").replace("{job_id}", "1")


async def test_every_operation_refuses_a_parameter_that_it_does_not_have(
    gateway: Whole,
) -> None:
    client = await gateway.client(OWNER)
    assert len(operations()) > 40
    for method, path in operations():
        if path == "/datasets/{dataset}/subset":
            continue  # the axes of the data set are parameters: see test_subsets.py
        url = f"/api/v1{filled(path)}?boguss=1"
        assert "{" not in url
        answer = await client.request(method, url)
        search = path.startswith(("/datasets", "/images", "/surveys"))
        assert answer.status_code == (400 if search else 422), (method, url)
        assert method == "HEAD" or "boguss" in answer.json()["detail"]


async def test_every_parameter_with_one_value_is_refused_when_it_is_given_twice(
    gateway: Whole,
) -> None:
    """Which parameters take several is what the OpenAPI document says."""
    client = await gateway.client(OWNER)
    document: dict[str, Any] = application(Config()).openapi()
    several, single = set(), 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", ()):
                if one["in"] != "query" or path.endswith("/subset"):
                    continue  # test_subsets.py has those of the axes
                name, kinds = one["name"], one["schema"].get("anyOf", [one["schema"]])
                url = f"/api/v1{filled(path)}?{name}=1&{name}=2"
                answer = await client.request(method.upper(), url)
                if any(kind.get("type") == "array" for kind in kinds):
                    several.add(name)
                    assert method == "head" or "given twice" not in answer.text
                    continue
                single += 1
                assert answer.status_code in {400, 422}, url
                assert (
                    method == "head"
                    or f"“{name}” is given twice" in answer.json()["detail"]
                )
    assert single > 200
    assert {"pos", "time", "band", "survey", "arguments"} <= several


async def test_several_values_of_one_parameter_are_alternatives(
    gateway: Whole,
) -> None:
    client = await gateway.client(OWNER)
    two = [("pos", "CIRCLE 1 1 1"), ("pos", "CIRCLE 2 2 1"), ("band", "g")]
    answer = await client.get("/api/v1/images", params=[*two, ("band", "r")])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("states=failed", "state"),
        ("State=failed", "state"),
        ("limt=1", "limit"),
        ("since=2026-01-01T00:00:00Z&namee=x", "name"),
    ],
)
async def test_the_nearest_known_parameter_is_named(
    gateway: Whole, query: str, meant: str
) -> None:
    answer = await (await gateway.client(OWNER)).get(f"/api/v1/jobs/local?{query}")
    assert answer.status_code == 422
    assert f"Did you mean “{meant}”?" in answer.json()["detail"]


async def test_a_parameter_unlike_any_other_lists_those_there_are(
    gateway: Whole,
) -> None:
    answer = await (await gateway.client(OWNER)).get("/api/v1/jobs/local?zzzzzz=1")
    detail = answer.json()["detail"]
    assert "Did you mean" not in detail
    assert "Known parameters: cursor, limit, name, since, state." in detail


async def test_head_refuses_as_get_does(gateway: Whole) -> None:
    answer = await (await gateway.client(OWNER)).head(
        "/api/v1/jobs/local?states=failed"
    )
    assert answer.status_code == 422


async def test_the_parameters_of_a_script_are_known(gateway: Whole) -> None:
    answer = await (await gateway.client(OWNER)).post(
        "/api/v1/jobs/local?name=fine",
        content="#!/bin/sh\ntrue\n",
        headers={"Content-Type": "text/x-shellscript"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "fine"


async def test_protocols_of_the_virtual_observatory_ignore_what_they_do_not_know(
    gateway: Whole,
) -> None:
    answer = await (await gateway.client(OWNER)).get("/vo/sia/query?boguss=1&MAXREC=0")
    assert answer.status_code == 200
    assert "QUERY_STATUS" in answer.text


async def test_every_parameter_may_be_left_empty_or_is_refused(
    gateway: Whole,
) -> None:
    """As a form sends it whose field was not filled."""
    document: dict[str, Any] = application(Config()).openapi()
    client = await gateway.client(OWNER)
    asked = [
        (path, one["name"])
        for path, methods in document["paths"].items()
        for one in methods.get("get", {}).get("parameters", ())
        if one["in"] == "query" and "events" not in path
    ]
    assert len(asked) > 80
    for path, name in asked:
        answer = await client.get(f"/api/v1{filled(path)}", params={name: ""})
        assert answer.status_code != 500, (path, name)
