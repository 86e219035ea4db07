"""Ids sort by time and do not repeat; timestamps are RFC 3339."""

import pytest

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.ids import IdMaker, later_id, new_id, new_secret

NOW = 1_800_000_000.0


def test_ids_are_unique_and_rise() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert {len(one) for one in ids} == {26}


@pytest.mark.parametrize("step", [0.0, -7200.0, 3600.0])
def test_ids_rise_whatever_the_clock_does(step: float) -> None:
    now = NOW
    make = IdMaker(lambda: now)
    before = [make() for _ in range(100)]
    now += step
    ids = before + [make() for _ in range(100)]
    assert ids == sorted(set(ids))


def test_the_time_in_an_id_is_written_as_in_ulid() -> None:
    """The two examples are those of github.com/ulid/javascript."""
    assert IdMaker(lambda: 1469918176.385)().startswith("01aryz6s41")
    assert IdMaker(lambda: 1469922850.259)().startswith("01arz3ndek")


def test_an_id_of_another_process_is_made_to_follow() -> None:
    newest, made = IdMaker(lambda: NOW)(), IdMaker(lambda: NOW - 7200)()
    following = later_id(made, newest)
    assert following > newest
    assert len(following) == 26
    assert later_id(newest, made) == newest
    assert later_id(made, "") == made


def test_secrets_have_256_bits() -> None:
    assert len(new_secret()) == 43
    assert new_secret() != new_secret()


def test_timestamps_are_in_utc() -> None:
    assert timestamp(1_000_000_000.5) == "2001-09-09T01:46:40.500Z"
    assert optional_timestamp(None) is None
    assert optional_timestamp(0) == "1970-01-01T00:00:00.000Z"
