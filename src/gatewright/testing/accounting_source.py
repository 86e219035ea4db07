"""Contract tests for sources of accounting.

Subclass :class:`AccountingSourceContract` in a test module and provide the fixtures
``source``, a :class:`gatewright.domains.accounting.AccountingSource`, and ``ran``, the
start and end of a time in which some of its jobs ran and ended (seconds since 1970 UTC,
at most a day apart).
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import pytest

from gatewright.domains.accounting import AccountingSource, Amount, Use

Key = tuple[str, str, str]


def sums(*parts: Sequence[Use]) -> dict[Key, Amount]:
    """Return the sums of several answers."""
    found: defaultdict[Key, Amount] = defaultdict(Amount)
    for use in (use for part in parts for use in part):
        found[use.project, use.person, use.partition] += use.amount
    return dict(found)


class AccountingSourceContract:
    """Tests that every :class:`AccountingSource` must pass."""

    async def test_usage_is_told(
        self, source: AccountingSource, ran: tuple[float, float]
    ) -> None:
        uses = await source.usage(*ran)
        total = sum((use.amount for use in uses), Amount())
        assert total.jobs > 0
        assert total.cpu_seconds >= total.wall_seconds > 0
        assert total.node_seconds >= total.wall_seconds
        keys = [(use.project, use.person, use.partition) for use in uses]
        assert len(set(keys)) == len(keys)
        assert all(project and person for project, person, _ in keys)

    async def test_the_parts_of_a_time_add_up(
        self, source: AccountingSource, ran: tuple[float, float]
    ) -> None:
        start, end = ran
        cuts = [start, start + (end - start) // 3, start + (end - start) // 2, end]
        parts = [await source.usage(first, last) for first, last in pairwise(cuts)]
        together, whole = sums(*parts), sums(await source.usage(start, end))
        assert together.keys() == whole.keys()
        for key, amount in whole.items():
            assert together[key].cpu_seconds == pytest.approx(amount.cpu_seconds), key
            assert together[key].gpu_seconds == pytest.approx(amount.gpu_seconds), key
            assert together[key].jobs == amount.jobs, key

    async def test_nothing_was_used_long_before(
        self, source: AccountingSource, ran: tuple[float, float]
    ) -> None:
        long_ago = ran[0] - 400 * 86_400
        assert list(await source.usage(long_ago, long_ago + 86_400)) == []

    async def test_projects_have_names_of_their_own(
        self, source: AccountingSource
    ) -> None:
        report = await source.report()
        if report is None:
            return  # administrators keep them in the gateway
        names = [project.name for project in report.projects]
        assert len(set(names)) == len(names)
        assert all(project.parent in {"", *names} for project in report.projects)
        again = await source.report()
        assert again is not None
        assert [project.name for project in again.projects] == names

    async def test_it_says_how_often_to_ask(self, source: AccountingSource) -> None:
        assert source.interval > 0
        assert source.days > 0
