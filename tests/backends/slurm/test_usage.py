"""Usage: the parts of jobs that sacct lists, and their sums."""

import pytest
from tests.backends.slurm.made import NONCE, sacct

from gatewright.backends.slurm import account_rows
from gatewright.backends.slurm.accounting import uses_of
from gatewright.core.errors import BackendFailed
from gatewright.domains.accounting import Amount


def test_parts_of_jobs_are_summed() -> None:
    day = "2026-11-29T"
    end = 1_796_000_400.0  # 2026-11-30T01:00:00
    ended = (f"{day}10:00:00", f"{day}11:00:00")
    goes_on = (f"{day}10:00:00", "2026-11-30T01:00:00")
    later = ("2026-12-01T00:00:00", "2026-11-30T01:00:00")
    gpus = "billing=2,cpu=2,gres/gpu=4,gres/gpu:a100=4,node=1"
    rows = account_rows.uses(
        sacct(
            ("ann", "optics", "batch", 2, 1, gpus, 3600, *ended),
            ("ann", "optics", "batch", 4, 2, "cpu=4", 100, *goes_on),
            ("bob", "", "debug", 1, 1, "", 0, *ended),
            ("bob", "rocks", "debug", 1, 1, "", 0, *later),
            ("bob", "rocks", "debug", 1, 1, "", 0, "Unknown", "Unknown"),
            ("eve", "rocks", "debug", "", "", "", "", *later),
        ),
        NONCE,
    )
    found = {(use.project, use.person): use.amount for use in uses_of(rows, end)}
    assert found == {
        ("optics", "ann"): Amount(7600.0, 3800.0, 14_400.0, 3700.0, 1),
        ("none", "bob"): Amount(jobs=1),
    }


def test_a_job_is_counted_once_for_all_its_runs_and_parts() -> None:
    """What sacct lists of a job: each run, and each part of a heterogeneous one."""

    def run(
        number: str, state: str, start: int | None, end: int | None
    ) -> tuple[object, ...]:
        moments = [
            "Unknown" if hour is None else f"2026-11-29T{hour:02}:00:00"
            for hour in (start, end)
        ]
        return ("ann", "a", "batch", 1, 1, "", 60, *moments, number, state)

    rows = account_rows.uses(
        sacct(
            run("1", "COMPLETED", 4, 5),  # its runs, in any order
            run("1", "REQUEUED", 1, 2),
            run("1", "NODE_FAIL", 2, 3),
            run("2", "PREEMPTED", 1, 2),  # and goes on after it had made room
            run("2", "RUNNING", 3, None),
            run("3", "REQUEUED", 1, 2),  # and waits again
            run("6", "NODE_FAIL", 1, 2),  # and waits again
            run("6", "PENDING", None, None),
            run("7", "NODE_FAIL", 1, 2),  # and is not put back
            run("4+0", "COMPLETED", 1, 2),
            run("4+1", "COMPLETED", 1, 2),
            run("5_1", "CANCELLED by 1000", 1, 2),
            run("5_2", "TIMEOUT", 1, 2),
        ),
        NONCE,
    )
    (use,) = uses_of(rows, 1_796_000_400.0)
    # Jobs 1, 4, 7 and two of an array; each line is 60 s, as sreport counts them.
    assert use.amount == Amount(780.0, 780.0, 0.0, 780.0, 5)


def test_a_job_that_goes_on_after_the_window_is_not_over() -> None:
    """At midnight it had made room for another; its next run begins after that."""
    begun = "2026-11-29T23:00:00"
    row = ("a", "batch", 1, 1, "", 60, begun, "2026-11-29T23:59:00")
    rows = account_rows.uses(
        sacct(
            ("ann", *row, "1", "PREEMPTED", begun),
            ("ann", *row, "2", "PREEMPTED", begun),
            ("bob", *row, "3", "COMPLETED", begun),
        ),
        NONCE,
    )
    lines = ("1", "ann", "2026-11-29T23:59:00"), ("1", "ann", begun), ("2", "bob", "")
    text = "".join(NONCE.join(cells) + "\n" for cells in lines)
    uses = uses_of(rows, 1_795_996_800.0, account_rows.runs(text, NONCE))
    # The second was ended for good: only another account's job has its id later.
    assert [(use.person, use.amount.jobs) for use in uses] == [("ann", 1), ("bob", 1)]
    with pytest.raises(BackendFailed):
        account_rows.runs("1|ann\n", NONCE)
