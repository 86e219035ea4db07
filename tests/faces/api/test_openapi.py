"""The OpenAPI document is whole: a client can be made from it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gatewright.web
from gatewright.cli.main import main
from gatewright.core import errors as core_errors
from gatewright.core.errors import GatewayError


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


def test_the_search_of_the_audit_log_names_a_route_that_exists(document: Any) -> None:
    search = document["paths"]["/admin/audit"]["get"]["parameters"]
    (route,) = [one for one in search if one["name"] == "route"]
    (example,) = route["schema"]["examples"]
    assert example.removeprefix("/api/v1") in document["paths"]


def test_every_reference_leads_somewhere(document: Any) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        place = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def errors_raised_in(*parts: str) -> set[type[GatewayError]]:
    """Return the classes of errors that the modules of `web` raise."""
    web = Path(gatewright.web.__path__[0])
    files = [path for part in parts for path in web.glob(part)]
    assert files
    texts = [path.read_text() for path in files]
    kinds = [
        kind
        for kind in vars(core_errors).values()
        if isinstance(kind, type) and issubclass(kind, GatewayError)
    ]
    return {
        kind for kind in kinds for t in texts if re.search(rf"\b{kind.__name__}\(", t)
    }


def test_every_operation_has_the_statuses_that_come_from_around_the_handlers(
    document: Any,
) -> None:
    """What the middleware and the server raise can be the answer to any request."""
    found = errors_raised_in(
        *(
            "middleware/*.py",
            "server/*.py",
            "json_body.py",
            "own_pages.py",
            "scopes.py",
        ),
        *("known_parameters.py", "problems.py", "authentication.py"),
    )
    statuses = {str(kind.status) for kind in found}
    assert {"400", "403", "408", "413", "414", "415", "429", "431", "503"} <= statuses
    # The credentials are looked up in the database, which may be damaged or full.
    statuses |= {"401", "500", "502"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            listed = set(operation["responses"])
            assert statuses <= listed, (method, path, statuses - listed)
            if method in {"put", "post", "patch", "delete"}:
                assert "507" in listed, (method, path)
            if "{" in path:
                assert "404" in listed, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/files/{system}/{path}",
        "/jobs/{system}",
        "/command/{system}",
        "/datasets/{dataset}/subset",
        "/images/{image}/cutout",
        "/session",
    ],
)
def test_what_asks_a_system_behind_the_gateway_may_be_late(
    document: Any, path: str
) -> None:
    slow = {"get", "post"} if path != "/session" else {"post"}
    for method in slow & set(document["paths"][path]):
        responses = document["paths"][path][method]["responses"]
        assert "Retry-After" in responses["504"]["headers"]
        assert "Retry-After" in responses["503"]["headers"]


BY_ITS_NATURE = {
    **dict.fromkeys(("systems", "nodes", "partitions", "reservations"), "the system"),
    **dict.fromkeys(("surveys", "providers", "parts"), "the configuration"),
    "sessions": "a limit of sessions for each account",
}
"""Members of lists that have no pages, and what bounds their number."""


def arrays_of(document: Any, operation: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays that the object of a successful response has as members."""
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json", {})
        schema = content.get("schema", {}) if status.startswith("2") else {}
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        for name, member in schema.get("properties", {}).items():
            if member.get("type") == "array":
                yield name, member


def test_every_list_has_pages_or_a_bound(document: Any) -> None:
    """An answer is bounded by its parameters, not by what people have written."""
    paged = {"comments", "votes", "changes", "classifiers"}
    for path, methods in document["paths"].items():
        operation = methods.get("get")
        if operation is None:
            continue
        name = operation["operationId"]
        parameters = {one["name"] for one in operation.get("parameters", [])}
        lists = name.startswith(("list", "search")) or name == "getObject"
        for member, schema in arrays_of(document, operation):
            if member in paged or (lists and member not in BY_ITS_NATURE):
                assert "limit" in parameters or "maxItems" in schema, (path, member)
                paged.discard(member)
    assert not paged


def test_every_operation_says_what_it_does(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                where = (method, path, parameter["name"])
                assert parameter.get("description"), where
