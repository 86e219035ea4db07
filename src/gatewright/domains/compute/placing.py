"""Chooses the working directory, output files and name of a new job."""

import posixpath
from collections.abc import Sequence

from gatewright.core.caller import Caller
from gatewright.core.ids import new_id
from gatewright.domains.compute.check import MAXIMUM_NAME
from gatewright.domains.compute.model import ComputeSystem, JobSpec, Submission
from gatewright.domains.compute.ports import NewJob


def placed(
    home: str, spec: JobSpec, indices: Sequence[int | None], script_name: str
) -> NewJob:
    """Return a new job with its name and the absolute paths of its files.

    ``home`` is the user's home directory. ``indices`` are those of an array, or
    ``[None]`` for a single job. ``script_name`` is the name that the job's script gives
    it, which counts if the request gives none; empty for none.
    """
    directory = _resolve(home, spec.directory or "", home)
    stem = "job-{id}"
    return NewJob(
        spec=spec,
        name=spec.name
        or (script_name or posixpath.basename(spec.executable or ""))[:MAXIMUM_NAME]
        or "script",
        directory=directory,
        stdout_path=_resolve(directory, spec.stdout_path or f"{stem}.out", home),
        stderr_path=_resolve(directory, spec.stderr_path or f"{stem}.err", home),
        uuids=[new_id() for _ in indices],
        indices=indices,
    )


def _resolve(base: str, path: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        path = posixpath.join(home, path[2:])
    return posixpath.normpath(posixpath.join(base, path))


def sample(
    system: ComputeSystem, caller: Caller, job: NewJob, now: float
) -> Submission:
    """Return the submission of a job that has no id yet, for the scheduler to check."""
    return Submission(
        uuid="",
        id="",
        system=system.name,
        user=caller.user,
        name=job.name,
        spec=job.spec,
        directory=job.directory,
        stdout_path=job.stdout_path,
        stderr_path=job.stderr_path,
        submitted_at=now,
    )
