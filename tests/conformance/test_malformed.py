"""Ten thousand malformed requests over ASGI: no 5xx, no traceback, nothing worn out.

No time is measured: a request that hangs is a fault after ``PATIENCE``, which a loaded
machine does not come near, and one whose answer is long is left when ``ENOUGH`` came.
"""

import asyncio
import ctypes
import gc
import json
import logging
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.asgi import Answer, Pair, ask
from tests.support.corpus import (
    Malformed,
    corpus,
    operations,
    other_corpus,
    runs_programs,
)
from tests.support.documented import undocumented, without_defaults
from tests.support.identity import own_identity

from gatewright.app import create_app
from gatewright.cli.demo import demo_config, prepare
from gatewright.composition import Services
from gatewright.core.caller import Role
from gatewright.core.config import Config
from gatewright.domains.identity import operator

OWN = 6_300
SEED = 20_261_122
FEWEST_OWN = 9_000
FEWEST = 10_000
WARM_UP = 3_000
PARTS = 4
"""After the warm-up memory is looked at so many times."""
ENOUGH = 1 << 20
"""Bytes of an answer after which the client has enough of it."""
PATIENCE = 100.0
"""Seconds for an answer to end."""
EXAMPLES = 20
AT_ONCE = 8
API = "/api/v1"
CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
"""What schemathesis compares of an answer with the document."""
BUSY = {501: "not-implemented", 503: "unavailable", 507: "storage-full"}


@dataclass
class Gateway:
    """The whole application in this process, and how it has answered so far."""

    app: Any
    runner: asyncio.Runner
    people: Mapping[str, tuple[Pair, ...]]
    document: Mapping[str, Any]
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Number of requests that were sent."""
        return self.statuses.total()

    async def send(self, request: Malformed, who: str) -> int:
        """Send a request as somebody, note what is wrong, and return the status."""
        answer = await self.ask(request, who, keep=65_536)
        return 0 if answer is None else answer.status

    async def ask(
        self, request: Malformed, who: str, *, keep: int | None = None
    ) -> Answer | None:
        """Send a request as somebody, note what is wrong, and return the answer.

        ``keep`` bounds what is kept of each part of the answer's body.
        """
        headers = (*_credentials(self.people[who], request), *request.headers)
        scope = _scope(request, headers)
        try:
            async with asyncio.timeout(PATIENCE + 20):
                answer = await ask(
                    self.app,
                    scope,
                    request.body,
                    keep=keep,
                    enough=ENOUGH,
                    patience=0.1 if _follows(scope) else PATIENCE,
                )
        except Exception as error:  # noqa: BLE001  # any is a fault
            self.note(request, who, f"raised {error!r}")
            return None
        self.statuses[answer.status] += 1
        path = scope["path"].removeprefix(API)
        if scope["path"] != path:
            wrong = undocumented(self.document, request.method, path, answer.status)
            if wrong:
                self.note(request, who, f"is not as documented: {wrong}")
        if answer.status >= 500 and not _is_meant(request, answer):
            self.note(request, who, f"{answer.status} {answer.body[:200]!r}")
        if b"Traceback" in answer.body or b'File "/' in answer.body:
            self.note(request, who, f"tells its insides: {answer.body[:200]!r}")
        if not answer.ended and not answer.left and not _follows(scope):
            what = f"ended {answer.received} bytes of {answer.headers!r} too early"
            self.note(request, who, what)
        return answer

    def note(self, request: Malformed, who: str, what: str) -> None:
        """Remember what is wrong with an answer."""
        said = f"{request.method} {request.target[:200]!r} {request.headers!r:.200}"
        self.faults.append(f"{said} {b''.join(request.body)[:80]!r} as {who}: {what}")


def _credentials(own: tuple[Pair, ...], request: Malformed) -> tuple[Pair, ...]:
    """Leave out what the request itself brings."""
    given_names = {name for name, _ in request.headers}
    return tuple(pair for pair in own if pair[0] not in given_names)


def _scope(request: Malformed, headers: tuple[Pair, ...]) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    hosts = () if any(n == b"host" for n, _ in headers) else ((b"host", b"127.0.0.1"),)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "query_string": query.encode("utf-8", "surrogateescape"),
        "root_path": "",
        "headers": [*hosts, *headers],
        "client": ("192.0.2.9", 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
        "extensions": {},
    }


def _follows(scope: Mapping[str, Any]) -> bool:
    """Return whether the answer may have no end, so that the client does not wait."""
    return b"follow" in scope["query_string"]


def _is_meant(request: Malformed, answer: Answer) -> bool:
    """Return whether a 5xx is one that the gateway means, by its code."""
    if answer.status == 501 and request.target.startswith("/newt"):
        return True  # classic NEWT's own answer to a verb that it does not have
    try:
        said = json.loads(answer.body)
        code, status = said.get("code", ""), said.get("status")
    except (ValueError, AttributeError):
        return False
    if request.target.startswith("/health/ready"):  # a part answers late
        return bool((answer.status, status) == (503, "not ready"))
    return bool(code == BUSY.get(answer.status))


def _config(state: Path) -> Config:
    prepare(state)
    config = demo_config(state, 8000, None)
    limits = config.limits.model_copy(
        update={"requests_per_second": 1e6, "requests_burst": 10**9}
    )
    return config.model_copy(update={"limits": limits})


async def _people(services: Services) -> dict[str, tuple[Pair, ...]]:
    owner = operator("demo")
    await own_identity(services).users.add(
        owner, "bob", "a long enough word", Role.GUEST
    )
    people: dict[str, tuple[Pair, ...]] = {"visitor": ()}
    for who, name in (("owner", "demo"), ("guest", "bob")):
        token = await services.identity.tokens.issue(owner, user=name)
        people[who] = ((b"authorization", f"Bearer {token.text}".encode()),)
    return people


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    state = tmp_path_factory.mktemp("malformed") / "state"
    application = create_app(_config(state))
    level = logging.root.level
    logging.getLogger("gatewright").setLevel(logging.CRITICAL)
    with asyncio.Runner() as runner:
        opened = application.opened()
        services = runner.run(opened.__aenter__())
        people = runner.run(_people(services))
        target = f"{API}/openapi.json"
        answer = runner.run(ask(application, _scope(Malformed("GET", target), ())))
        document = without_defaults(json.loads(answer.body))
        yield Gateway(application, runner, people, document)
        runner.run(opened.__aexit__(None, None, None))
    logging.getLogger("gatewright").setLevel(level)


async def _send_all(
    gateway: Gateway, requests: Iterable[tuple[str, Malformed]]
) -> None:
    waiting = iter(requests)

    async def work() -> None:
        for who, request in waiting:
            await gateway.send(request, who)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _in_use() -> int:
    """Return the memory that is in use, without what is kept to be used again.

    Pages of files come and go as the machine has room; what is swapped out is in use.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    told = Path("/proc/self/status").read_text()
    own = re.findall(r"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$", told, re.MULTILINE)
    assert own
    return 1024 * sum(map(int, own))


def _as_people(requests: Iterable[Malformed]) -> Iterator[tuple[str, Malformed]]:
    """Let the owner send all, a guest and a visitor every fourth."""
    for number, request in enumerate(requests):
        yield "owner", request
        if number % 4 == 0:
            yield "guest", request
        if number % 4 == 2:
            yield "visitor", request


@pytest.mark.timeout(900)
def test_a_corpus_of_malformed_requests(gateway: Gateway) -> None:
    whole = [*corpus(gateway.document, API), *other_corpus()]
    chosen = random.Random(SEED).sample(range(len(whole)), OWN)
    requests = list(_as_people(whole[number] for number in sorted(chosen)))
    assert len(requests) >= FEWEST_OWN
    gateway.runner.run(_send_all(gateway, requests[:WARM_UP]))
    sizes = [_in_use()]
    for part in range(PARTS):
        gateway.runner.run(_send_all(gateway, requests[WARM_UP + part :: PARTS]))
        sizes.append(_in_use())
    _no_faults(gateway)
    assert not _leaks(sizes), f"memory grew all the time, in bytes: {sizes}"


def _leaks(sizes: Sequence[int]) -> bool:
    """Return whether memory grew by a fifth, and did so to the last.

    What is kept for good (a cache that fills, a pool of threads) is taken in a few
    steps; what is lost with each request is lost in each part alike.
    """
    return sizes[-1] > 1.2 * sizes[0] and sizes[-1] > 1.03 * sizes[-2]


@pytest.mark.parametrize(
    ("sizes", "leaks"),
    [
        ([100, 106, 112, 118, 125], True),
        ([100, 100, 100, 100, 119], False),
        ([100, 140, 140, 141, 140], False),
    ],
)
def test_what_a_leak_is(sizes: Sequence[int], leaks: bool) -> None:
    assert _leaks(sizes) is leaks


@pytest.mark.timeout(900)
def test_schemathesis_over_every_operation(gateway: Gateway) -> None:
    names = {(m, p) for m, p, _ in operations(gateway.document)}
    schema = schemathesis.openapi.from_dict(dict(gateway.document))
    seen = set()
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        seen.add((operation.method.upper(), operation.path))
        _fuzz(gateway, operation)
    assert seen == names
    _no_faults(gateway)
    # Run alone, this test has sent only its own part of them.
    assert gateway.asked >= FEWEST or gateway.asked < FEWEST_OWN


def _fuzz(gateway: Gateway, operation: Any) -> None:
    method, path = operation.method.upper(), operation.path
    who = "guest" if runs_programs(method, path) else "owner"

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        request = _of_case(case)
        answer = gateway.runner.run(gateway.ask(request, who))
        if answer is not None and answer.ended:
            try:
                case.validate_response(_as_httpx(request, answer), checks=CHECKS)
            except FailureGroup as failures:
                told = "; ".join(str(failure) for failure in failures.exceptions)
                gateway.note(request, who, f"is not as documented: {told:.2000}")

    send()


def _as_httpx(request: Malformed, answer: Answer) -> httpx.Response:
    response = httpx.Response(
        answer.status,
        headers=answer.headers.raw,
        content=answer.body,
        request=httpx.Request(request.method, "http://127.0.0.1/"),
    )
    response.elapsed = timedelta(0)
    return response


def _of_case(case: Any) -> Malformed:
    """Return the request of a case of schemathesis as bytes."""
    path = API + case.formatted_path
    query = urlencode(case.query or {}, doseq=True, errors="surrogateescape")
    headers = {str(k).lower(): str(v) for k, v in (case.headers or {}).items()}
    body = b""
    if case.body is not None and type(case.body).__name__ != "NotSet":
        headers.setdefault("content-type", case.media_type or "application/json")
        body = _encoded(case.body)
    pairs = [
        (k.encode("utf-8", "replace"), v.encode("utf-8", "replace"))
        for k, v in headers.items()
    ]
    target = quote(path, safe="/%:@") + (f"?{query}" if query else "")
    return Malformed(case.method, target, tuple(pairs), (body,))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _encoded(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        return json.dumps(body).encode()
    except (TypeError, ValueError):
        return repr(body).encode()


def test_the_gateway_is_as_good_as_new(gateway: Gateway) -> None:
    """Whoever was signed in still is, and data come as before."""
    for who in ("owner", "guest", "visitor"):
        gateway.runner.run(_until_ready(gateway, who))
        for target in (f"{API}/session", f"{API}/datasets"):
            request = Malformed("GET", target)
            assert gateway.runner.run(gateway.send(request, who)) == 200, target


async def _until_ready(gateway: Gateway, who: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await gateway.send(Malformed("GET", "/health/ready"), who) != 200:
            await asyncio.sleep(0.1)


def _no_faults(gateway: Gateway) -> None:
    """Fail for the faults there are, each of them once."""
    faults, gateway.faults[:] = list(gateway.faults), []
    if faults:
        said = "\n".join(faults[:40])
        statuses = dict(gateway.statuses)
        pytest.fail(f"{len(faults)} of {gateway.asked} ({statuses}):\n{said}")
