"""How fast a project uses its allocation, and when that will be used up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from gatewright.domains.accounting.forecasting import MOST_DAYS, Forecast, forecast
from gatewright.domains.accounting.model import Allocation, Amount, Project

_forecast = lru_cache(maxsize=128)(forecast)
"""A forecast takes 20 ms of a core, and is the same for a whole day: nobody who asks
again and again costs more than that."""


class Resource(StrEnum):
    """What an allocation is an amount of."""

    CPU = "cpu"
    NODE = "node"
    GPU = "gpu"

    def of(self, amount: Amount | Allocation) -> float | None:
        """Return the seconds of this resource in an amount or allocation."""
        found: float | None = getattr(amount, f"{self.value}_seconds")
        return found


@dataclass(frozen=True, slots=True)
class RunsOut:
    """Days on which the allocation is used up.

    None if after the end of the forecast or the allocation, or if that has not begun.
    """

    earliest: int | None
    """If usage is at the upper end of the interval of 80 %."""
    likely: int | None
    """If usage is at the median."""
    latest: int | None
    """If usage is at the lower end of the interval of 80 %."""


@dataclass(frozen=True, slots=True)
class BurnDown:
    """Past and expected usage of a project and of those below it, in seconds."""

    project: Project
    """The project."""
    resource: Resource
    """What is counted."""
    granted: float | None
    """What it may use; None without a limit."""
    used: float
    """What it has used of it until now, also today; without an allocation since
    :attr:`first`."""
    first: int
    """Day of the first number of :attr:`history`."""
    history: Sequence[float]
    """Usage of each day until today."""
    forecast: Forecast | None
    """Cumulative usage from today on, today included; None if too little is known."""
    runs_out: RunsOut | None
    """When the allocation is used up; None without allocation or forecast."""

    @property
    def today(self) -> int:
        """Day of the last number of :attr:`history`, the first of the forecast."""
        return self.first + len(self.history) - 1


def burn_down(
    project: Project,
    resource: Resource,
    series: Mapping[int, Amount],
    today: int,
    since: int | None,
    days: int,
) -> BurnDown:
    """Return the past and expected usage of a project.

    Parameters
    ----------
    project
        The project, with its allocation.
    resource
        What is counted.
    series
        Usage of each day that has any.
    today
        The current day, which is not over.
    since
        First day of which usage is known; None if none is.
    days
        Number of days to forecast, with today.
    """
    first = max(today - MOST_DAYS, today if since is None else min(since, today))
    history = [
        resource.of(series.get(day, Amount())) or 0.0 for day in range(first, today + 1)
    ]
    # Days before the project's first use say nothing of how it is used.
    begun = next((at for at, used in enumerate(history) if used), len(history))
    told = _forecast(tuple(history[begun:-1]), days)
    allocation = project.allocation
    granted = resource.of(allocation) if allocation else None
    counted = allocation.used if allocation else None
    used = sum(history) if counted is None else resource.of(counted) or 0.0
    runs_out = None
    if allocation is not None and granted is not None and told is not None:
        # Nothing is used up before the allocation begins or after it has ended.
        begun = allocation.starts_on is None or allocation.starts_on <= today
        ends = days if allocation.ends_on is None else allocation.ends_on - today + 1
        within = max(0, ends) if begun else 0
        left = granted - (used - history[-1])
        runs_out = RunsOut(
            _reached(told.high[:within], left, today),
            _reached(told.middle[:within], left, today),
            _reached(told.low[:within], left, today),
        )
    return BurnDown(project, resource, granted, used, first, history, told, runs_out)


def usual_resource(project: Project) -> Resource:
    """Return the first resource that a project has an allocation of; else CPUs."""
    if project.allocation is not None:
        for one in Resource:
            if one.of(project.allocation) is not None:
                return one
    return Resource.CPU


def _reached(path: Sequence[float], left: float, today: int) -> int | None:
    """Return the day on which cumulative usage reaches what is left."""
    for number, sum_ in enumerate(path):
        if sum_ >= left:
            return today + number
    return None
