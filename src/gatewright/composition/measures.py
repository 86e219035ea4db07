"""The gauges that ``/metrics`` has beside the counters of requests."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.sql.measures import measure_database, measure_jobs
from gatewright.core.clock import system_clock
from gatewright.core.config import Config
from gatewright.core.disk import measure_disk
from gatewright.core.measures import Labels, Measure, Measurement


def measures_of(
    config: Config,
    database: Database,
    readers: ReaderPool,
    running: Callable[[], int],
) -> Mapping[str, Measure]:
    """Return measures of the database, open jobs, readers, workers and the disk.

    ``running`` returns the number of running workers.
    """
    here = {"process": str(os.getpid())} if config.gateway.processes > 1 else {}
    kind = "sqlite" if config.gateway.database == "sqlite" else "postgresql"

    async def workers() -> Sequence[Measurement]:
        count = float(running())
        return [Measurement("workers", "Running workers.", [(here, count)])]

    return {
        "database": partial(measure_database, database, kind),
        "jobs": partial(measure_jobs, database, system_clock),
        "readers": partial(_readers, readers, here),
        "workers": workers,
        "disk": partial(measure_disk, config.gateway.state),
    }


async def _readers(pool: ReaderPool, here: Labels) -> Sequence[Measurement]:
    counts = {"busy": pool.busy, "idle": pool.running - pool.busy}
    values = [({**here, "state": name}, float(n)) for name, n in counts.items()]
    waiting = [(here, float(pool.waiting))]
    return [
        Measurement("readers", "Reader processes.", values),
        Measurement("readers_waiting", "Calls that wait for a reader.", waiting),
    ]
