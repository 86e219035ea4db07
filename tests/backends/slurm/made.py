"""A submission, and rows of sacct, for the tests of what Slurm is told and tells."""

from gatewright.domains.compute import (
    JobSpec,
    Submission,
)

JOB = Submission(
    uuid="01hv", id="7", system="cluster", user="ada", name="a,b c",
    spec=JobSpec(executable="true"), directory="/w", stdout_path="/w/50%.out",
    stderr_path="/w/7.err", submitted_at=5.0,
)  # fmt: skip

NONCE = "@5f1"
"""Separates the columns of the rows."""


def sacct(*rows: tuple[object, ...]) -> str:
    """Return rows as sacct prints them; those without id and state are jobs."""
    whole = [
        row if len(row) > 9 else (*row, number, "COMPLETED")
        for number, row in enumerate(rows)
    ]
    return "".join(NONCE.join(map(str, row)) + "\n" for row in whole)
