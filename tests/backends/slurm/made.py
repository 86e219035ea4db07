"""A submission for the tests of what Slurm is told."""

from gatewright.domains.compute import (
    JobSpec,
    Submission,
)

JOB = Submission(
    uuid="01hv", id="7", system="cluster", user="ada", name="a,b c",
    spec=JobSpec(executable="true"), directory="/w", stdout_path="/w/50%.out",
    stderr_path="/w/7.err", submitted_at=5.0,
)  # fmt: skip
