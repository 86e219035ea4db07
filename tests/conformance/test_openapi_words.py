"""The OpenAPI document's names, and the form of every error in it."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("laptop")

Document = Mapping[str, Any]


@pytest.fixture(scope="module")
def document(laptop: RunningGateway) -> Document:
    with laptop.client() as client:
        found: Document = client.get("/api/v1/openapi.json").json()
        return found


def test_names_are_those_of_the_api(document: Document) -> None:
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name), name
    for schema in document["components"]["schemas"]:
        assert re.fullmatch(r"([A-Z][a-z]+)+", schema), schema


def test_every_error_is_a_problem(document: Document) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {
                status: response
                for status, response in operation["responses"].items()
                if status == "default" or status >= "400"
            }
            assert "default" in errors
            for response in errors.values():
                assert response["content"] == {
                    "application/problem+json": {"schema": schema}
                }, (method, path)
