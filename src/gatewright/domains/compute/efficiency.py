"""Computes how well a job used its cores, memory and GPUs, and what to request next."""

import math
from dataclasses import dataclass

from gatewright.domains.compute.model import Job

SHORTEST_SECONDS = 10.0
"""Shortest run that is judged, seconds; schedulers count in whole seconds."""
_IDLE = 0.5
_BESIDE = 1.25
_NEAR = 0.9
_LITTLE = 256 << 20
_ROOM = 1.25


@dataclass(frozen=True, slots=True)
class Efficiency:
    """How much a job used of its cores, memory and GPUs."""

    cpu: float
    """CPU time divided by wall time and cores; above 1 if it used further cores."""
    memory: float | None
    """Peak memory divided by the memory limit; None without a limit."""
    advice: str
    """What to request next time, in one to three sentences."""
    gpu: float | None = None
    """Most GPUs that were busy at once in any sample, divided by the GPUs that the job
    had: an upper bound. None without GPUs, and where the site does not sample them."""


def efficiency(job: Job) -> Efficiency | None:
    """Return how well an ended job used its cores, memory and GPUs.

    It is None before the end, for runs shorter than :data:`SHORTEST_SECONDS`, and
    without measurements. For an array, all elements are taken together.
    """
    usage = job.usage
    elements = sum((job.tasks or {"": 1}).values())
    measured = usage.cpu_seconds or usage.peak_memory_bytes
    if not job.ended or not measured:
        return None
    if usage.wall_seconds / elements < SHORTEST_SECONDS:
        return None
    cores = usage.cores or job.spec.resources.cores
    most = usage.memory_limit_bytes or job.spec.resources.memory
    cpu = usage.cpu_seconds / (usage.wall_seconds * cores)
    memory = usage.peak_memory_bytes / most if most else None
    advice = [_of_cores(cpu, cores)]
    if most and memory is not None and usage.peak_memory_bytes:
        advice.append(_of_memory(memory, most))
    gpu = None
    if usage.gpus and usage.gpus_busy is not None:
        gpu = min(1.0, usage.gpus_busy / usage.gpus)
        advice.append(_of_gpus(gpu, usage.gpus))
    told = " ".join(filter(None, advice))
    return Efficiency(
        round(cpu, 4),
        None if memory is None else round(memory, 4),
        told or "It used well what it had asked for.",
        None if gpu is None else round(gpu, 4),
    )


def _of_cores(cpu: float, cores: int) -> str:
    busy = cpu * cores
    if cpu > _BESIDE:
        return (
            f"It kept {busy:.1f} cores busy and had asked for {cores}: ask for "
            f"{math.ceil(busy)}."
        )
    if cpu >= _IDLE:
        return ""
    share = f"{cpu * 100:.0f} % of the time"
    if cores == 1:
        return f"Its core was busy for {share}: it waited, for files perhaps."
    return f"Its {cores} cores were busy for {share}: {math.ceil(busy) or 1} would do."


def _of_memory(share: float, most: int) -> str:
    if share > _NEAR:
        return (
            f"It held {share * 100:.0f} % of its {_size(most)} of memory: ask for a "
            "little more, since it is ended above that."
        )
    if share >= _IDLE or most <= _LITTLE:
        return ""
    enough = max(share * most * _ROOM, _LITTLE)
    return (
        f"It held {share * 100:.0f} % of its {_size(most)} of memory: "
        f"{_size(enough)} would do."
    )


def _of_gpus(share: float, gpus: int) -> str:
    """Return advice from the most that was busy at once; higher use needs none."""
    whose = "Its GPU was" if gpus == 1 else f"Its {gpus} GPUs were"
    if not share:
        return f"{whose} idle in every sample: it may need none."
    if share >= _IDLE:
        return ""
    enough = math.ceil(share * gpus)
    advice = f": {enough} would do" if enough < gpus else ""
    return f"{whose} never busier than {share * 100:.0f} %{advice}."


def _size(number: float) -> str:
    if number < 1 << 30:
        return f"{math.ceil(number / 2**20)} MiB"
    return f"{math.ceil(number / 2**30 * 10) / 10:.1f} GiB"
