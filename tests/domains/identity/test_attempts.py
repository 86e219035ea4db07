from hypothesis import given
from hypothesis import strategies as st

from gatewright.domains.identity import Attempts
from gatewright.domains.identity.attempts import (
    LONGEST_BAN_SECONDS,
    after_failure,
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
