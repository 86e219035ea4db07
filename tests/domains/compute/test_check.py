"""What a job specification must keep to."""

from dataclasses import replace

import pytest

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import (
    Attributes,
    Capabilities,
    Dependency,
    JobSpec,
    Resources,
    check_capacity,
    check_spec,
)

SPEC = JobSpec(executable="true")


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        JobSpec(script="echo\n"),
        JobSpec(script="x" * (1 << 20)),
        JobSpec(executable="a", arguments=("a\nb", "\t", "", "x" * 131_071)),
        JobSpec(executable="a", environment={"A": "b\n=\x01", "_b1": "ü"}),
        JobSpec(executable="a", array="0-3", stdout_path="{index}", stderr_path="{id}"),
        JobSpec(executable="a", array="0-3", stdout_path="/dev/null", stderr_path=""),
        JobSpec(executable="a", stdout_path="/dev/null", stderr_path="/dev/null"),
        JobSpec(executable="a", resources=Resources(2, 4, 2, 3, 1, 1 << 60)),
        JobSpec(executable="a", resources=Resources(process_count=4, node_count=3)),
        JobSpec(executable="a", attributes=Attributes(1, "q", "p", "r"), name="n"),
    ],
)
def test_what_is_right(spec: JobSpec) -> None:
    check_spec(spec)


@pytest.mark.parametrize(
    "spec",
    [
        JobSpec(),
        JobSpec(executable=""),
        JobSpec(executable="a", script="b"),
        JobSpec(script="x" * ((1 << 20) + 1)),
        JobSpec(script="ü" * (1 << 19) + "x"),
        JobSpec(script="a\0b"),
        JobSpec(script="\ud800"),
        JobSpec(script="#!/bin/sh\r\n"),
        JobSpec(script="\ufeff#!/bin/sh\n"),
        replace(SPEC, executable="a\0"),
        replace(SPEC, executable="a\n"),
        replace(SPEC, arguments=("a\0",)),
        replace(SPEC, arguments=("x" * 131_072,)),
        replace(SPEC, arguments=("x" * 100_000,) * 11),
        replace(SPEC, directory="\x1b[1m"),
        replace(SPEC, name="\ud800"),
        replace(SPEC, name="n" * 201),
        replace(SPEC, stdin_path="a\rb"),
        replace(SPEC, array="0", stdout_path="same"),
        replace(SPEC, array="0", stderr_path="same"),
        replace(SPEC, array="0", stdout_path="/dev/null", stderr_path="/dev/full"),
        replace(SPEC, environment={"": "a"}),
        replace(SPEC, environment={"1A": "a"}),
        replace(SPEC, environment={"A-B": "a"}),
        replace(SPEC, environment={"é": "a"}),
        replace(SPEC, environment={"A=B": "a"}),
        replace(SPEC, environment={"A\n": "a"}),
        replace(SPEC, environment={"A": "\0"}),
        replace(SPEC, environment={"A": "\udfff"}),
        replace(SPEC, environment={"A": "x" * 131_072}),
        replace(SPEC, environment={f"A{n}": "x" * 100_000 for n in range(11)}),
        replace(SPEC, resources=Resources(node_count=0)),
        replace(SPEC, resources=Resources(process_count=-1)),
        replace(SPEC, resources=Resources(processes_per_node=10**30)),
        replace(SPEC, resources=Resources(cpu_cores_per_process=0)),
        replace(SPEC, resources=Resources(gpu_cores_per_process=-1)),
        replace(SPEC, resources=Resources(memory=0)),
        replace(SPEC, resources=Resources(2, 5, 2)),
        replace(SPEC, attributes=Attributes(duration=0)),
        replace(SPEC, attributes=Attributes(duration=10**12)),
        replace(SPEC, attributes=Attributes(queue_name="a\nb")),
        replace(SPEC, dependencies=tuple(Dependency(str(n)) for n in range(101))),
    ],
)
def test_what_is_not(spec: JobSpec) -> None:
    with pytest.raises(InvalidContent) as refused:
        check_spec(spec)
    assert refused.value.text.isprintable()
    refused.value.text.encode()


@pytest.mark.parametrize(
    ("resources", "cores"),
    [
        (Resources(), 1),
        (Resources(cpu_cores_per_process=4), 4),
        (Resources(process_count=3, cpu_cores_per_process=2), 6),
        (Resources(node_count=2, processes_per_node=3), 6),
        (Resources(node_count=2), 2),
    ],
)
def test_cores(resources: Resources, cores: int) -> None:
    assert resources.cores == cores


def test_more_than_a_system_has_is_refused_with_what_it_has() -> None:
    there = Capabilities(cores=8, memory_bytes=1 << 30, nodes=2)
    check_capacity(Resources(node_count=2, memory=1 << 30), there)
    check_capacity(Resources(process_count=8), there)
    for asked, words in (
        (Resources(process_count=9, node_count=2), "9 cores, and a job has 8"),
        (
            Resources(memory=1 << 31),
            f"{1 << 31} bytes .*, and a job has {1 << 30}",
        ),
        (Resources(node_count=3), "a job has 2 here"),
    ):
        with pytest.raises(InvalidContent, match=words):
            check_capacity(asked, there)
