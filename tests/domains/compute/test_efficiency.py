"""How well jobs used what they had, from hand-made usage."""

from dataclasses import replace

import pytest

from gatewright.domains.compute import (
    Job,
    JobSpec,
    JobState,
    Resources,
    Usage,
    efficiency,
)
from gatewright.domains.compute.summary import array_as_job

GIB = 1 << 30
JOB = Job(
    id="7", system="local", user="ada", name="a", state=JobState.COMPLETED,
    native_state="DONE", spec=JobSpec(executable="true"), directory="/",
    stdout_path="/o", stderr_path="/e", submitted_at=1.0, ended_at=200.0,
)  # fmt: skip


def used(cpu: float, peak: int = 0, cores: int = 1, most: int = 0) -> Job:
    """Return a job that ran for 100 seconds."""
    return replace(JOB, usage=Usage(100.0, cpu, peak, cores, most))


@pytest.mark.parametrize(
    ("job", "cpu", "memory", "advice"),
    [
        (used(90.0), 0.9, None, "used well"),
        (used(50.0), 0.5, None, "used well"),
        (used(10.0), 0.1, None, "Its core was busy for 10 % of the time"),
        (used(96.0, cores=8), 0.12, None, "12 % of the time: 1 would do."),
        (used(310.0, cores=8), 0.3875, None, "39 % of the time: 4 would do."),
        (used(0.0, GIB, 4), 0.0, None, "0 % of the time: 1 would do."),
        (used(320.0, cores=2), 1.6, None, "3.2 cores busy and had asked for 2: "),
        (used(90.0, GIB, 1, 8 * GIB), 0.9, 0.125, "of memory: 1.3 GiB would do."),
        (used(90.0, GIB >> 6, 1, 512 << 20), 0.9, 0.0312, "256 MiB would do."),
        (used(90.0, 1 << 20, 1, 256 << 20), 0.9, 0.0039, "used well"),
        (used(90.0, 1020 << 20, 1, GIB), 0.9, 0.9961, "ask for a little more"),
        (used(90.0, 6 * GIB, 1, 8 * GIB), 0.9, 0.75, "used well"),
        (used(90.0, 0, 1, GIB), 0.9, 0.0, "used well"),
    ],
)  # fmt: skip
def test_efficiency_and_advice(
    job: Job, cpu: float, memory: float | None, advice: str
) -> None:
    told = efficiency(job)
    assert told is not None
    assert (told.cpu, told.memory) == (cpu, memory)
    assert advice in told.advice


@pytest.mark.parametrize(
    ("gpus", "busy", "share", "advice"),
    [
        (0, 1.0, None, "used well"),
        (4, None, None, "used well"),
        (1, 0.0, 0.0, "Its GPU was idle in every sample: it may need none."),
        (4, 0.0, 0.0, "Its 4 GPUs were idle in every sample"),
        (4, 0.9, 0.225, "Its 4 GPUs were never busier than 22 %: 1 would do."),
        (1, 0.3, 0.3, "Its GPU was never busier than 30 %."),
        (4, 2.0, 0.5, "used well"),
        (2, 3.0, 1.0, "used well"),
    ],
)
def test_gpus(gpus: int, busy: float | None, share: float | None, advice: str) -> None:
    usage = Usage(100.0, 90.0, 0, 1, gpus=gpus, gpus_busy=busy)
    told = efficiency(replace(JOB, usage=usage))
    assert told is not None
    assert told.gpu == share
    assert advice in told.advice


def test_gpus_of_an_array_are_those_of_the_busiest_element() -> None:
    one = Usage(100.0, 90.0, 0, 1, gpus=2, gpus_busy=0.5)
    for others, busy in (((1.5, None), 1.5), ((None, None), 0.5)):
        usages = [one, *(replace(one, gpus_busy=other) for other in others)]
        whole = array_as_job([replace(JOB, usage=usage) for usage in usages])
        assert whole.usage.gpus_busy == busy
    whole = array_as_job([replace(JOB, usage=Usage(100.0, 90.0))])
    assert whole.usage.gpus_busy is None


def test_advice_names_cores_and_memory() -> None:
    told = efficiency(used(20.0, GIB, 2, 8 * GIB))
    assert told is not None
    assert "2 cores" in told.advice
    assert "memory" in told.advice


def test_what_the_scheduler_does_not_tell_is_what_was_asked_for() -> None:
    resources = Resources(process_count=4, memory=4 * GIB)
    spec = JobSpec(executable="true", resources=resources)
    job = replace(JOB, spec=spec, usage=Usage(100.0, 200.0, 3 * GIB))
    told = efficiency(job)
    assert told is not None
    assert (told.cpu, told.memory) == (0.5, 0.75)


def test_where_there_is_nothing_to_tell() -> None:
    assert efficiency(replace(used(90.0), state=JobState.ACTIVE)) is None
    assert efficiency(replace(JOB, usage=Usage(100.0))) is None
    assert efficiency(replace(JOB, usage=Usage(9.9, 9.9))) is None


def test_the_efficiency_of_an_array_counts_all_its_elements() -> None:
    elements = [
        replace(used(cpu, cores=2), id=f"7_{index}", array_index=index)
        for index, cpu in enumerate((200.0, 100.0))
    ]
    told = efficiency(array_as_job(elements))
    assert told is not None
    assert told.cpu == 0.75
    short = [replace(one, usage=Usage(6.0, 6.0, cores=1)) for one in elements]
    assert efficiency(array_as_job(short)) is None
