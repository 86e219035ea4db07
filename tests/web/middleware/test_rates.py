"""Rates of requests, and what caches are told, over ASGI by hand."""

from dataclasses import replace

import pytest
from starlette.types import Receive, Scope, Send
from tests.support.app import caller
from tests.support.asgi import ask, constant, scope_of

from gatewright.core.caller import Caller, visitor
from gatewright.core.config import Config
from gatewright.core.errors import TooManyRequests
from gatewright.web.context import SCOPE_KEY, RequestContext
from gatewright.web.exchange import exchange_of
from gatewright.web.middleware.answers import Answers, add_rate_limit
from gatewright.web.middleware.private_answers import keep_private
from gatewright.web.middleware.rate_limit import Buckets, RateLimit, charges


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


async def test_above_the_rate_is_429_until_time_passes() -> None:
    clock = Clock()
    app = RateLimit(constant(), Buckets(2.0, 3, clock=clock))
    told = Answers(app, fields=(add_rate_limit,))
    left = [(await ask(told, scope_of())).headers["ratelimit"] for _ in range(3)]
    assert left == ['"default";r=2', '"default";r=1', '"default";r=0']
    with pytest.raises(TooManyRequests) as caught:
        await ask(app, scope_of())
    assert caught.value.retry_after == 1
    assert caught.value.headers["RateLimit-Policy"] == '"default";q=3;w=2'
    assert (await ask(app, scope_of(client="192.0.2.8"))).status == 200
    assert (await ask(app, scope_of(target="/health/live"))).status == 200
    clock.now += 0.5
    assert (await ask(app, scope_of())).status == 200


def test_refused_requests_do_not_put_the_next_one_off() -> None:
    clock = Clock()
    buckets = Buckets(1.0, 1, clock=clock)
    assert buckets.take("a") == 0
    for _ in range(100):
        assert buckets.take("a") < 0
    clock.now += 1
    assert buckets.take("a") >= 0


def test_what_is_remembered_is_bounded() -> None:
    buckets = Buckets(1.0, 1, clock=Clock(), maximum_keys=10)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets) == 10


def _scope_for(who: Caller, method: str = "GET", address: str = "192.0.2.7") -> Scope:
    context = RequestContext(None, who, "id")  # type: ignore[arg-type]
    return scope_of(method, client=address) | {SCOPE_KEY: context}


def test_a_token_counts_before_its_user_and_a_user_before_the_address() -> None:
    who = caller("ada")
    assert charges(_scope_for(who)) == [("user:ada", 1)]
    token = replace(who, token="key")
    assert charges(_scope_for(token)) == [("token:key", 1), ("tokens:ada", 0.25)]
    assert charges(scope_of()) == [("address:192.0.2.7", 1)]
    assert charges(_scope_for(visitor())) == [("address:192.0.2.7", 1)]
    assert charges(_scope_for(visitor(), "DELETE")) == [("changes:192.0.2.7", 10)]
    for target in (
        "/sign-in?code=x",
        "/sign-in?c%6fde",
        "/sign-in/with/campus/done",
        "/sign-in/with/x?a",
    ):
        assert charges(scope_of(target=target)) == [("changes:192.0.2.7", 10)]
    for target in ("/sign-in", "/sign-in?next=/", "/sign-in/withal", "/api?code=x"):
        assert charges(scope_of(target=target)) == [("address:192.0.2.7", 1)]
    six = "2001:db8::1:2:3:4"
    assert charges(_scope_for(visitor(), "GET", six)) == [("address:2001:db8::/64", 1)]


async def test_many_tokens_are_not_many_users() -> None:
    app = RateLimit(constant(), Buckets(1.0, 4, clock=Clock()))
    statuses = []
    for number in range(20):
        who = replace(caller("ada"), token=f"key{number}")
        try:
            statuses.append((await ask(app, _scope_for(who))).status)
        except TooManyRequests:
            statuses.append(429)
    assert statuses == [200] * 16 + [429] * 4
    other = replace(caller("ben"), token="another")
    assert (await ask(app, _scope_for(other))).status == 200


async def test_changes_without_an_account_are_dear() -> None:
    app = RateLimit(constant(), Buckets(1.0, 25, clock=Clock()))
    scope = _scope_for(visitor(), "POST")
    told = Answers(app, fields=(add_rate_limit,))
    left = [(await ask(told, scope)).headers["ratelimit"] for _ in range(2)]
    assert left == ['"default";r=1', '"default";r=0']
    with pytest.raises(TooManyRequests) as caught:
        await ask(app, scope)
    assert caught.value.retry_after == 5
    assert (await ask(app, _scope_for(visitor()))).status == 200
    small = RateLimit(constant(), Buckets(1.0, 2, clock=Clock()))
    assert (await ask(small, scope)).status == 200


async def test_a_lecture_hall_behind_one_address_signs_in() -> None:
    """And who floods the address with refused tokens keeps nobody there from it."""
    limits, clock = Config().limits, Clock()
    buckets = Buckets(limits.requests_per_second, limits.requests_burst, clock=clock)
    hall = RateLimit(constant(), buckets)
    refused = RateLimit(constant(status=401), buckets, refusal=True)
    for _ in range(200):
        assert (await ask(refused, _scope_for(visitor()))).status == 401
    with pytest.raises(TooManyRequests):
        await ask(refused, _scope_for(visitor()))
    for _ in range(200):
        assert (await ask(hall, _scope_for(visitor(), "POST"))).status == 200
    for seat in range(200):
        assert (await ask(hall, _scope_for(caller(f"seat{seat}")))).status == 200
    clock.now += 1
    for _ in range(20):
        assert (await ask(hall, _scope_for(visitor(), "POST"))).status == 200


def test_a_bucket_that_is_in_use_is_not_forgotten_for_new_ones() -> None:
    """Who is slowed down gets no fresh one by coming from many places as well."""
    buckets = Buckets(1.0, 3, clock=Clock(), maximum_keys=10)
    for number in range(1000):
        buckets.take("own")
        buckets.take(f"other{number}")
    assert buckets.take("own") < 0


@pytest.mark.parametrize(
    ("kept", "user", "expected", "vary"),
    [
        ("", "ada", "private, no-cache", True),
        ("", "", None, True),
        ("no-store", "ada", "no-store", True),
        ("public, max-age=9", "ada", "public, max-age=9", False),
        ("max-age=9,public", "", "max-age=9,public", False),
        ('private="x-public"', "ada", 'private="x-public"', True),
    ],
)
async def test_no_cache_gives_ones_answers_to_another(
    kept: str, user: str, expected: str | None, *, vary: bool
) -> None:
    fields = [(b"cache-control", kept.encode())] if kept else []
    inner = constant(headers=[*fields, (b"vary", b"Origin")])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).user = user
        await inner(scope, receive, send)

    answer = await ask(Answers(app, fields=(keep_private,)), scope_of())
    assert answer.headers.get("cache-control") == expected
    named = "Origin, Authorization, Cookie" if vary else "Origin"
    assert answer.headers["vary"] == named


def test_a_request_without_an_address_has_a_key_too() -> None:
    assert charges({"client": None, "method": "GET"}) == [("address:", 1)]
