"""Malformed requests, made from an OpenAPI document: a corpus without chance.

Every operation is asked with each of its parameters wrong in turn, with broken
headers, with bodies that are not what they say, and with methods it does not have.
What would run a program (commands, jobs) is only given bodies that cannot be right.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from tests.support.asgi import Pair
from tests.support.malformed_values import (
    CONTENT_TYPES,
    HEADERS,
    IN_PATHS,
    IN_QUERIES,
    JSON_BODIES,
    METHODS,
    WRONG_VALUES,
)

Operation = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Malformed:
    """One request, as the bytes that a client would send."""

    method: str
    """Method, which may be one that does not exist."""
    target: str
    """Path and query, percent-encoded or not."""
    headers: tuple[Pair, ...] = ()
    """Header fields beside the credentials."""
    body: tuple[bytes, ...] = field(default=())
    """Parts of the body."""


JSON = (b"content-type", b"application/json")
_SAFE_IN_PATH = {
    "system": "local",
    "dataset": "simulated-reanalysis",
    "survey": "simulated-sky",
    "collection": "notes",
    "key": "first",
    "path": "a.txt",
    "name": "demo",
}
_SMALL = {"subset": "var=prmsl&lat=0&lon=0&time=1987-10-13&member=0&format=json"}
"""Queries that keep an answer small, by the last part of the path."""
_NO_VALUE = ("", "&", "%20")
"""What leaves a parameter out, and so asks for all."""


def runs_programs(method: str, path: str) -> bool:
    """Return whether a request that is right would run something."""
    kinds = ("/command", "/jobs", "/queue", "/job")
    return method == "POST" and any(kind in path for kind in kinds)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Yield method, path and description of each operation of a document.

    The schema of a JSON body stands in the place of a reference to it.
    """
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            if "$ref" in schema:
                named = {"schema": schemas[schema["$ref"].rpartition("/")[2]]}
                body = {"content": {**content, "application/json": named}}
                yield method.upper(), path, {**operation, "requestBody": body}
            else:
                yield method.upper(), path, operation


def corpus(document: Mapping[str, Any], prefix: str) -> Iterator[Malformed]:
    """Yield the malformed requests of a document whose paths stand below a prefix."""
    for method, path, operation in operations(document):
        yield from operation_corpus(method, prefix + path, operation)


def operation_corpus(
    method: str, path: str, operation: Operation
) -> Iterator[Malformed]:
    """Yield the malformed requests of one operation."""
    parameters = operation.get("parameters", [])
    yield from _paths(method, path, parameters)
    base = _SMALL.get(path.rpartition("/")[2], "")
    yield from _queries(method, _filled(path, {}), parameters, base)
    target = _filled(path, {}) + (f"?{base}" if base else "")
    if runs_programs(method, path):
        yield from _bodies(method, target, _schema(operation), JSON_BODIES[:20])
        return
    yield from (Malformed(method, target, (pair,)) for pair in HEADERS)
    if method in {"POST", "PUT", "PATCH"}:
        yield from _bodies(method, target, _schema(operation), JSON_BODIES)
        yield from _types(method, target)
    yield from (Malformed(other, target) for other in METHODS)


def _filled(path: str, values: Mapping[str, str]) -> str:
    for name, safe in {**_SAFE_IN_PATH, **values}.items():
        path = path.replace("{" + name + "}", values.get(name, safe))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}1{rest.partition('}')[2]}"
    return path


def _paths(method: str, path: str, parameters: list[Operation]) -> Iterator[Malformed]:
    body = (b"{",) if method in {"POST", "PUT", "PATCH"} else ()
    headers = (JSON,) if body else ()
    for parameter in parameters:
        if parameter["in"] == "path":
            for value in IN_PATHS:
                target = _filled(path, {parameter["name"]: value})
                yield Malformed(method, target, headers, body)
    for end in (
        "/",
        "//",
        "/..",
        "/%2e%2e/%2e%2e",
        ";a=b",
        "%20",
        "?%00",
        "?%zz" + "&" * 5000,
    ):
        yield Malformed(method, _filled(path, {}) + end, headers, body)


def _queries(
    method: str, target: str, parameters: list[Operation], base: str
) -> Iterator[Malformed]:
    names = [p["name"] for p in parameters if p["in"] == "query"]
    rest = f"&{base}" if base else ""
    body = (b"{",) if method in {"POST", "PUT", "PATCH"} else ()
    headers = (JSON,) if body else ()
    for name in names:
        for value in IN_QUERIES:
            if base and value in _NO_VALUE:
                continue
            query = "&".join(p for p in rest.split("&") if p.partition("=")[0] != name)
            yield Malformed(method, f"{target}?{name}={value}{query}", headers, body)
        twice = f"{target}?{name}=1&{name}=2&{name}[]=3&unknown=4{rest}"
        yield Malformed(method, twice, headers, body)


def _schema(operation: Operation) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


def _bodies(
    method: str, target: str, schema: Mapping[str, Any], bodies: tuple[bytes, ...]
) -> Iterator[Malformed]:
    for body in bodies:
        yield Malformed(method, target, (JSON,), (body,))
    for name in schema.get("properties", {"a": {}}):
        for value in WRONG_VALUES:
            if runs_programs(method, target) and isinstance(value, str | list):
                continue
            body = json.dumps({name: value}).encode()
            yield Malformed(method, target, (JSON,), (body,))
    yield Malformed(method, target, (JSON, (b"content-length", b"5")), (b'{"a":1}',))
    yield Malformed(method, target, (JSON,), tuple(b"[" for _ in range(500)))
    yield Malformed(method, target, (JSON,), (b"[" + b"1," * 3_000_000 + b"1]",))


def _types(method: str, target: str) -> Iterator[Malformed]:
    for kind in CONTENT_TYPES:
        for body in (b"", b"\x00\xff", b"--a\r\n\r\n", b"a=%00&b=%ff"):
            yield Malformed(method, target, ((b"content-type", kind),), (body,))


OTHER_TARGETS = (
    "/",
    "/sign-in?code=",
    "/kit/gw.js",
    "/metrics",
    "/health/live",
    "/health/ready",
    "/none",
    "/dap/simulated-reanalysis.dds",
    "/dap/simulated-reanalysis.das",
    "/dap/simulated-reanalysis.dods?prmsl[0][0][0:1][0:1]",
    "/dap/simulated-reanalysis.ascii?prmsl[0][0][0:1][0:1]",
    "/dap/simulated-reanalysis.html",
    "/dap/",
    "/vo/sia/query",
    "/vo/sia/capabilities",
    "/vo/availability",
    "/newt/status",
    "/newt/status/local",
    "/newt/file/local/a.txt",
    "/newt/store",
    "/newt/store/notes",
    "/newt/store/notes/1",
    "/newt/queue/local",
    "/newt/queue/local/1",
    "/newt/account/user/demo",
    "/newt/auth",
    "/newt/sacct/local",
    "/newt/user/demo",
    "/newt/command/local",
    "/newt/none",
    "/apps/none",
    "/thredds/none",
)
"""Addresses of the faces that have no OpenAPI document."""

_CONSTRAINTS = (
    "prmsl[0:1:3]",
    "prmsl[",
    "prmsl[0:1:",
    "prmsl[9:1:0]",
    "prmsl[0:0:0]",
    "none[0]",
    "prmsl[-1]",
    "prmsl[0][0][0][0][0]",
    "prmsl[0:99999999999999999999:1]",
    "%00",
    "prmsl&prmsl>1e400",
    "%ff",
    "prmsl,prmsl," * 200,
    "lat[0:1:1e400]",
    "a" * 20_000,
    "((((",
)
_NAMES = (
    "POS",
    "BAND",
    "TIME",
    "MAXREC",
    "REQUEST",
    "VERSION",
    "RESPONSEFORMAT",
    "query",
    "code",
)


def other_corpus() -> Iterator[Malformed]:
    """Yield malformed requests to what no OpenAPI document tells of."""
    for target in OTHER_TARGETS:
        base = target.partition("?")[0]
        for text in chain(_CONSTRAINTS, IN_QUERIES):
            yield Malformed("GET", f"{base}?{text}")
        for name in _NAMES:
            for value in IN_QUERIES[::3]:
                yield Malformed("GET", f"{base}?{name}={value}")
        for value in IN_PATHS:
            yield Malformed("GET", f"{base}/{value}")
        yield from (Malformed("GET", target, (pair,)) for pair in HEADERS)
        yield from (Malformed(method, target) for method in METHODS)
        for body in JSON_BODIES[:18]:
            yield Malformed("POST", base, (JSON,), (body,))
