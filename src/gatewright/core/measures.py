"""What a gateway measures of itself when it is asked: gauges with their labels."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

_PATIENCE_SECONDS = 2.0

_log = logging.getLogger(__name__)

Labels = Mapping[str, str]
"""What tells the values of one gauge apart: ``{"system": "local"}``."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Values that go up and down, as they are now."""

    name: str
    """Name with its unit at the end, as Prometheus has it (``disk_free_bytes``)."""
    help: str
    """What it is, in a sentence."""
    values: Sequence[tuple[Labels, float]]
    """The values; all have the same labels."""


Measure = Callable[[], Awaitable[Sequence[Measurement]]]
"""Takes some measurements."""


async def taken(measures: Mapping[str, Measure]) -> list[Measurement]:
    """Return what all measures give, and which of them gave something.

    They are waited for together and not long: what does not answer is left out.
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
