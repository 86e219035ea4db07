"""The OpenAPI document is whole: a client can be made from it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from gatewright.cli.main import main


@pytest.fixture(scope="module")
def document() -> Any:
    printed = CliRunner().invoke(main, ["openapi"])
    assert printed.exit_code == 0
    return json.loads(printed.output)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_is_of_version_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")


def test_every_reference_leads_somewhere(document: Any) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        place = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_every_operation_says_what_it_does(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                where = (method, path, parameter["name"])
                assert parameter.get("description"), where
