"""How fast an allocation is used, and when it is used up."""

from dataclasses import replace

import pytest

from gatewright.domains.accounting import (
    Allocation,
    Amount,
    Project,
    Resource,
    burn_down,
)
from gatewright.domains.accounting.burn_down import usual_resource

TODAY = 20_000
WEEK = (10.0, 10.0, 10.0, 10.0, 10.0, 0.0, 0.0)
"""Usage of a week that ends the day before today."""
STEADY = {
    TODAY - 70 + number: Amount(cpu_seconds=WEEK[number % 7], gpu_seconds=1.0)
    for number in range(70)
}
BARE = Project("local", "night")


def project(granted: float, used: float) -> Project:
    counted = Amount(cpu_seconds=used)
    return replace(BARE, allocation=Allocation(granted, used=counted))


def test_an_allocation_that_is_used_up() -> None:
    series = STEADY | {TODAY: Amount(cpu_seconds=4.0)}
    found = burn_down(
        project(560.0, 504.0), Resource.CPU, series, TODAY, TODAY - 70, 20
    )
    assert (found.first, found.today, len(found.history)) == (TODAY - 70, TODAY, 71)
    assert (found.granted, found.used, found.history[-1]) == (560.0, 504.0, 4.0)
    # 500 were used before today, so 60 are left: 50 in a week, and one day more.
    assert found.runs_out is not None
    assert found.runs_out.likely == TODAY + 7
    assert found.runs_out.earliest == found.runs_out.latest == TODAY + 7


def test_a_forecast_is_made_once_a_day() -> None:
    """Whatever is used today, and however often it is asked for."""
    asked = [
        burn_down(
            project(560.0, 504.0 + used),
            Resource.CPU,
            STEADY | {TODAY: Amount(cpu_seconds=used)},
            TODAY,
            TODAY - 70,
            20,
        )
        for used in (4.0, 5.0)
    ]
    assert asked[0].forecast is not None
    assert asked[0].forecast is asked[1].forecast
    assert asked[0].history != asked[1].history


def test_an_allocation_that_lasts() -> None:
    found = burn_down(
        project(5000.0, 500.0), Resource.CPU, STEADY, TODAY, TODAY - 70, 20
    )
    assert found.runs_out is not None
    assert found.runs_out.earliest is None


@pytest.mark.parametrize(
    ("starts", "ends", "likely"),
    [
        (None, TODAY + 7, TODAY + 7),
        (TODAY, TODAY + 7, TODAY + 7),
        (None, TODAY + 6, None),
        (None, TODAY - 1, None),
        (TODAY - 9, TODAY - 2, None),
        (TODAY + 1, None, None),
    ],
)
def test_nothing_runs_out_before_its_allocation_begins_or_after_it_has_ended(
    starts: int | None, ends: int | None, likely: int | None
) -> None:
    series = STEADY | {TODAY: Amount(cpu_seconds=4.0)}
    whole = project(560.0, 504.0)
    assert whole.allocation is not None
    days = replace(whole.allocation, starts_on=starts, ends_on=ends)
    found = burn_down(
        replace(whole, allocation=days), Resource.CPU, series, TODAY, TODAY - 70, 20
    )
    assert found.runs_out is not None
    assert found.runs_out.likely == likely


def test_a_project_without_an_allocation() -> None:
    found = burn_down(BARE, Resource.GPU, STEADY, TODAY, TODAY - 70, 7)
    assert (found.granted, found.used, found.runs_out) == (None, 70.0, None)
    assert found.forecast is not None
    assert list(found.forecast.middle) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


@pytest.mark.parametrize(("since", "days"), [(None, 1), (TODAY - 3, 4), (0, 401)])
def test_history_begins_where_usage_is_known(since: int | None, days: int) -> None:
    found = burn_down(project(10.0, 0.0), Resource.CPU, {}, TODAY, since, 7)
    assert found.today == TODAY
    assert len(found.history) == days
    if days < 29:
        assert (found.forecast, found.runs_out) == (None, None)


def test_what_is_granted_is_counted() -> None:
    assert usual_resource(BARE) is Resource.CPU
    for allocation, resource in (
        (Allocation(), Resource.CPU),
        (Allocation(gpu_seconds=5.0), Resource.GPU),
        (Allocation(node_seconds=0.0, gpu_seconds=5.0), Resource.NODE),
    ):
        assert usual_resource(replace(BARE, allocation=allocation)) is resource
