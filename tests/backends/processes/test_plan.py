"""Which jobs may start: the policy, without any process."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.processes.plan import Plan, Room, Waiting, plan
from gatewright.domains.compute import Condition, JobState, NativeDependency


def decide(
    *waiting: Waiting,
    cores: int = 4,
    memory: int = 100,
    outcomes: dict[str, JobState | None] | None = None,
    running: dict[str, int] | None = None,
    whole: Room | None = None,
    now: float = 10.0,
) -> Plan:
    return plan(
        waiting,
        Room(cores, memory),
        outcomes or {},
        running or {},
        whole=whole or Room(1000, 1000),
        now=now,
        patience=100.0,
    )


def job(uuid: str, cores: int = 1, memory: int = 0) -> Waiting:
    return Waiting(uuid, cores, memory, since=0.0)


def test_in_order_as_long_as_there_is_room() -> None:
    result = decide(job("a", 2), job("b", 2), job("c"))
    assert result.starts == ["a", "b"]
    assert result.reasons == {"c": "Waits for 1 core; it is next."}


def test_smaller_ones_pass_one_that_does_not_fit() -> None:
    result = decide(job("a", 3), job("b", 2), job("c", 1), job("d", 0, 101))
    assert result.starts == ["a", "c"]
    assert result.reasons["b"] == "Waits for 2 cores; it is next."
    assert result.reasons["d"] == "Waits for 1 MiB of memory; 1 job is ahead."


def test_nothing_passes_one_that_has_waited_long() -> None:
    result = decide(job("a", 3), job("b", 2), job("c", 1), cores=3, now=100.0)
    assert result.starts == ["a"]
    result = decide(job("b", 4), replace(job("c"), since=99.0), cores=3, now=100.0)
    assert result.starts == []
    assert "waited long" in result.reasons["c"]


def test_one_that_the_machine_is_too_small_for_stops_no_other() -> None:
    """Its operator gave jobs fewer cores, or less memory, while the job waited."""
    waiting = [job("a", 5), job("b", 1, 101 << 20), job("c", 4)]
    result = decide(*waiting, memory=100 << 20, whole=Room(4, 100 << 20), now=100.0)
    assert result.starts == ["c"]
    told = (
        "Asks for more than this machine has (4 cores and 100 MiB of memory for jobs)."
    )
    assert result.reasons == {"a": told, "b": told}


def test_a_place_near_the_head_is_exact_and_a_far_one_rounded() -> None:
    held = replace(job("h"), held=True)
    waiting = [held, *(job(str(number), 4) for number in range(120))]
    reasons = decide(*waiting, cores=3).reasons
    assert reasons["0"] == "Waits for 4 cores; it is next."
    assert reasons["5"] == "Waits for 4 cores; 5 jobs are ahead."
    assert reasons["6"] == "Waits for 4 cores; more than 5 jobs are ahead."
    assert reasons["11"] == "Waits for 4 cores; more than 10 jobs are ahead."
    assert reasons["119"] == "Waits for 4 cores; more than 100 jobs are ahead."
    assert len(set(reasons.values())) == 10


def test_places_of_the_elements_of_an_array_are_rounded() -> None:
    """Each text is written down, and an array's elements all move up together."""
    elements = [replace(job(str(number), 4), array="7") for number in range(1200)]
    reasons = decide(*elements, cores=3).reasons
    assert len(set(reasons.values())) == 4
    assert reasons["0"] == "Waits for 4 cores; 10 jobs or fewer are ahead."
    assert reasons["10"] == reasons["0"]
    assert reasons["11"] == "Waits for 4 cores; more than 10 jobs are ahead."
    assert reasons["1001"] == "Waits for 4 cores; more than 1000 jobs are ahead."


def test_held_jobs_and_arrays() -> None:
    held = replace(job("a"), held=True)
    element = replace(job("b"), array="9", array_limit=2)
    others = [replace(element, uuid=name) for name in "cd"]
    result = decide(held, element, *others, running={"9": 1})
    assert result.starts == ["b"]
    assert result.reasons["a"] == "Held until it is released."
    assert result.reasons["d"] == "2 elements of its array may run at once."


def test_dependencies() -> None:
    def after(condition: Condition, native_id: str = "x") -> Waiting:
        waits = (NativeDependency(native_id, condition, "7"),)
        return replace(job(condition.value), dependencies=waits)

    known = (Condition.AFTER_OK, Condition.AFTER_ANY, Condition.AFTER_NOT_OK)
    waiting = [after(condition) for condition in known]
    pending = decide(*waiting, outcomes={"x": None})
    assert set(pending.reasons.values()) == {"Waits for job 7 to end."}
    for state, starts in (
        (JobState.COMPLETED, ["after_ok", "after_any"]),
        (JobState.FAILED, ["after_any", "after_not_ok"]),
        (JobState.CANCELED, ["after_any", "after_not_ok"]),
    ):
        result = decide(*waiting, outcomes={"x": state})
        assert result.starts == starts
        assert len(result.hopeless) == 1
    unknown = decide(*waiting)
    assert unknown.starts == ["after_any"]
    assert set(unknown.hopeless) == {"after_ok", "after_not_ok"}


jobs = st.lists(
    st.builds(
        Waiting,
        uuid=st.uuids().map(str),
        cores=st.integers(1, 6),
        memory=st.integers(0, 120),
        since=st.floats(0, 300),
        held=st.booleans(),
        array=st.sampled_from(["", "1"]),
        array_limit=st.sampled_from([None, 1, 2]),
    ),
    max_size=20,
)


@given(jobs, st.integers(0, 8), st.integers(0, 200))
def test_never_more_than_there_is_and_each_has_an_answer(
    waiting: list[Waiting], cores: int, memory: int
) -> None:
    result = decide(*waiting, cores=cores, memory=memory, now=200.0)
    started = [one for one in waiting if one.uuid in result.starts]
    assert sum(one.cores for one in started) <= cores
    assert sum(one.memory for one in started) <= memory
    assert not any(one.held for one in started)
    answered = Counter([*result.starts, *result.reasons, *result.hopeless])
    assert answered == Counter(one.uuid for one in waiting)
