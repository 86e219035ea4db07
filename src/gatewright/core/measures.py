"""Gauges that the gateway measures when its metrics are requested."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

_PATIENCE_SECONDS = 2.0

_log = logging.getLogger(__name__)

Labels = Mapping[str, str]
"""Labels that tell the values of one gauge apart, such as ``{"system": "local"}``."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A gauge with its present values."""

    name: str
    """Name that ends with the unit, as Prometheus recommends (``disk_free_bytes``)."""
    help: str
    """What the gauge measures, in a sentence."""
    values: Sequence[tuple[Labels, float]]
    """The values with their labels; all have the same label names."""


Measure = Callable[[], Awaitable[Sequence[Measurement]]]
"""Takes some measurements and returns them."""


async def taken(measures: Mapping[str, Measure]) -> list[Measurement]:
    """Return the measurements of all measures, and a gauge of which of them worked.

    The measures run together. One that fails or takes longer than two seconds is logged
    and left out, and its value of the gauge ``measured`` is 0.
    """

    async def in_time(measure: Measure) -> Sequence[Measurement]:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await measure()

    tasks = {
        name: asyncio.ensure_future(in_time(measure))
        for name, measure in measures.items()
    }
    answers = await asyncio.gather(*tasks.values(), return_exceptions=True)
    found: list[Measurement] = []
    answered: list[tuple[Labels, float]] = []
    for name, answer in zip(tasks, answers, strict=True):
        failed = isinstance(answer, BaseException)
        answered.append(({"measure": name}, 0.0 if failed else 1.0))
        if isinstance(answer, BaseException):
            _log.warning("%s is not measured: %r", name, answer)
        else:
            found += answer
    what = "Whether each kind of measurement could be taken."
    return [*found, Measurement("measured", what, answered)]
