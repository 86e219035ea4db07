"""Dependencies between jobs, as Slurm's commands take and tell them."""

from dataclasses import replace

import pytest
from tests.backends.slurm.made import JOB
from tests.backends.slurm.test_found import OF_QUEUE

from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.marks import Mark
from gatewright.backends.slurm.words import why_it_waits
from gatewright.domains.compute import Condition


@pytest.mark.parametrize(
    ("waits", "text"),
    [
        ([("5", Condition.AFTER)], "after:5"),
        ([("", Condition.SINGLETON), ("5_1", Condition.AFTER_OK)],
         "singleton,afterok:5_1"),
        ([(f"5_{n}", Condition.AFTER_CORR) for n in range(9)], "aftercorr:5"),
        ([("5", Condition.AFTER_ANY)] * 2, "afterany:5"),
    ],
)  # fmt: skip
def test_how_they_are_asked_for(waits: list[tuple[str, Condition]], text: str) -> None:
    call = Slurm().submit(JOB, Mark("01hv", "ada"), "#!/bin/sh\n", waits)
    assert f"--dependency={text}" in call.argv


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("after:5(unfulfilled)", "Waits for another job to begin (Slurm's 5)."),
        ("afterany:5_1(unfulfilled),after:6(unfulfilled)",
         "Waits for another job to end (Slurm's 5_1, 6)."),
        ("aftercorr:5_*(unfulfilled)",
         "Waits for another job to end (Slurm's 5)."),
        ("singleton(unfulfilled)",
         "Waits for your earlier jobs of the same name to end."),
        ("", "Waits for another job to end."),
    ],
)  # fmt: skip
def test_why_a_job_waits(told: str, words: str) -> None:
    waiting = replace(
        OF_QUEUE, state="PENDING", reason="Dependency", dependency=told
    )  # fmt: skip
    assert why_it_waits(waiting, 0) == words
