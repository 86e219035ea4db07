from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.identity import world

from gatewright.core.caller import Caller
from gatewright.core.errors import NotSignedIn, TooManyRequests
from gatewright.domains.identity import AttemptGuard, Attempts
from gatewright.domains.identity.attempts import (
    LONGEST_BAN_SECONDS,
    MOST_AT_ONCE,
    MOST_CODES_AT_ONCE,
    after_failure,
    rebased,
    seconds_to_wait,
    subject,
)

NOW = 1e9


def test_nothing_is_known() -> None:
    assert seconds_to_wait(None, NOW) == 0
    assert after_failure(None, NOW) == Attempts(1, NOW)


def test_three_within_two_minutes() -> None:
    one = after_failure(None, NOW)
    two = after_failure(one, NOW + 60)
    three = after_failure(two, NOW + 120)
    assert seconds_to_wait(two, NOW + 60) == 0
    assert seconds_to_wait(three, NOW + 120) == 300
    assert seconds_to_wait(three, NOW + 420) == 0


def test_slow_failures_are_not_banned() -> None:
    past = None
    for n in range(50):
        past = after_failure(past, NOW + 61 * n)
        assert past.bans == 0


def test_bans_are_forgotten_after_a_day() -> None:
    past = Attempts(3, NOW, 4, NOW + 100)
    assert after_failure(past, NOW + 86_400 + 101) == Attempts(1, NOW + 86_501)
    assert after_failure(past, NOW + 86_400).bans == 4


def test_addresses_of_one_machine_are_one() -> None:
    assert subject("a", "2001:db8::1") == subject("a", "2001:db8::2:3")
    assert subject("a", "2001:db8::1") != subject("a", "2001:db8:0:1::1")
    assert subject("a", "::ffff:192.0.2.1") == subject("a", "192.0.2.1")


async def test_one_address_has_a_few_places() -> None:
    """A flood of names from one address leaves room for who signs in elsewhere."""
    guard = AttemptGuard(_NoAttempts(), lambda: NOW)
    async with AsyncExitStack() as stack:
        for n in range(MOST_AT_ONCE):
            await stack.enter_async_context(guard.attempt(f"n{n}", f"2001:db8::{n}"))
        with pytest.raises(TooManyRequests) as refused:
            await stack.enter_async_context(guard.attempt("one more", "2001:db8::f"))
        assert refused.value.retry_after == 2
        await stack.enter_async_context(guard.attempt("n0", "192.0.2.1"))
    async with guard.attempt("one more", "2001:db8::f") as attempt:
        await attempt.failed()
        await attempt.succeeded()
        assert len(guard._under_way) == 1
    assert not guard._under_way


async def test_codes_of_one_address_have_places_apart_from_others() -> None:
    guard = AttemptGuard(_NoAttempts(), lambda: NOW)
    async with AsyncExitStack() as stack:
        for _ in range(MOST_CODES_AT_ONCE - 1):
            await stack.enter_async_context(guard.code_check("192.0.2.1"))
        # One place is left, and is free again after each: nobody waits.
        for _ in range(2):
            async with guard.code_check("192.0.2.1"):
                pass
        async with guard.code_check("198.51.100.1"):
            assert len(guard._code_checks) == 2
        assert len(guard._code_checks) == 1
    assert not guard._code_checks


async def test_a_ban_never_outlasts_its_length_when_the_clock_is_set_back(
    tmp_path: Path,
) -> None:
    """It begins again at its own five minutes, once, and then ends."""
    async with world(tmp_path) as there:
        visitor = Caller("", frozenset(), address="192.0.2.1")
        sign_in = there.identity.sessions.sign_in
        there.clock.go(3600)
        for _ in range(3):
            with pytest.raises(NotSignedIn):
                await sign_in(visitor, "ada", "wrong")
        there.clock.go(-7200)
        with pytest.raises(TooManyRequests) as refused:
            await sign_in(visitor, "ada", "wrong")
        assert refused.value.retry_after == 300
        there.clock.go(100)
        with pytest.raises(TooManyRequests) as refused:
            await sign_in(visitor, "ada", "wrong")
        assert refused.value.retry_after == 200
        there.clock.go(200)
        with pytest.raises(NotSignedIn):
            await sign_in(visitor, "ada", "wrong")


def test_failures_of_a_time_to_come_began_by_now() -> None:
    assert rebased(None, NOW) == Attempts(0, NOW)
    assert rebased(Attempts(2, NOW + 9), NOW) == Attempts(2, NOW)
    whole = Attempts(3, NOW - 10, 2, NOW + 600)
    assert rebased(whole, NOW) == whole
    assert rebased(Attempts(3, NOW, 2, NOW + 9999), NOW).banned_until == NOW + 600


class _NoAttempts:
    """Nobody has failed."""

    async def get(self, subject: str) -> Attempts | None:
        return None

    async def update(
        self, subject: str, rule: Callable[[Attempts | None], Attempts], *, now: float
    ) -> Attempts:
        return rule(None)

    async def clear(self, subject: str) -> None:
        """Have nothing to forget."""


def test_names_and_addresses_are_apart() -> None:
    assert subject("a", "b") != subject("b", "a")
    assert subject("\ud800", "x") != subject("", "x")


@given(st.lists(st.one_of(st.integers(0, 60), st.integers(0, 90_000)), max_size=60))
def test_however_one_tries(pauses: list[int]) -> None:
    """More than three tries in two minutes are never let through."""
    now, past, tries = NOW, None, []
    for pause in pauses:
        now += pause
        if seconds_to_wait(past, now) == 0:
            tries.append(now)
            past = after_failure(past, now)
            assert past.banned_until - now <= LONGEST_BAN_SECONDS
    # A window slides: at most two before a new one begins, and three in it.
    for n in range(len(tries) - 5):
        assert tries[n + 5] - tries[n] > 120
