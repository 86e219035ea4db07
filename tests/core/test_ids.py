"""Ids sort by time and do not repeat; timestamps are RFC 3339."""

import time

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.ids import new_id, new_secret


def test_ids_are_unique_and_sort_by_time() -> None:
    first = new_id()
    while new_id()[:10] == first[:10]:
        time.sleep(0.001)
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(first < one and len(one) == 26 for one in ids)


def test_secrets_have_256_bits() -> None:
    assert len(new_secret()) == 43
    assert new_secret() != new_secret()


def test_timestamps_are_in_utc() -> None:
    assert timestamp(1_000_000_000.5) == "2001-09-09T01:46:40.500Z"
    assert optional_timestamp(None) is None
    assert optional_timestamp(0) == "1970-01-01T00:00:00.000Z"
