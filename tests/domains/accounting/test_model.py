"""Amounts and days."""

from datetime import UTC, datetime

import pytest

from gatewright.domains.accounting import DAY_SECONDS, Amount, day_of, day_text


def test_amounts_are_added() -> None:
    both = Amount(1.0, 2.0, 3.0, 4.0, 5) + Amount(10.0, 20.0, 30.0, 40.0, 50)
    assert both == Amount(11.0, 22.0, 33.0, 44.0, 55)


def test_days_are_those_of_utc() -> None:
    for text in ("1970-01-01", "2026-11-29", "2028-02-29"):
        start = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        assert day_of(text) * DAY_SECONDS == start
        assert day_text(day_of(text)) == text
    with pytest.raises(ValueError, match="day"):
        day_of("2026-02-30")
