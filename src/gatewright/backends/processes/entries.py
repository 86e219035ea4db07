"""Turns a submission into the record from which the runner runs the job."""

import os
import pwd
from collections.abc import Mapping

from gatewright.backends.processes.proc import MARK
from gatewright.backends.processes.records import Entry
from gatewright.domains.compute import Submission

_INHERITED = {
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "MANPATH",
    "MODULEPATH",
    "MODULESHOME",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
}
_INHERITED_BEGINNINGS = ("CONDA_", "LC_", "LMOD_", "XDG_")


def login_environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a user has after login.

    Settings and secrets of the gateway are left out.
    """
    person = pwd.getpwuid(os.getuid())
    chosen = {
        name: value
        for name, value in own.items()
        if name in _INHERITED or name.startswith(_INHERITED_BEGINNINGS)
    }
    defaults = {
        "HOME": person.pw_dir,
        "LOGNAME": person.pw_name,
        "PATH": os.defpath,
        "SHELL": person.pw_shell,
        "USER": person.pw_name,
    }
    return defaults | chosen


def entry_of(
    submission: Submission, login: Mapping[str, str], wake_path: str, grace: float
) -> Entry:
    """Return the record of a submission for the spool.

    The job's environment is the login environment (if it wants one), then the user's
    variables, then the variables that identify the job.
    """
    spec = submission.spec
    cores = str(spec.resources.cores)
    own = {
        MARK: submission.uuid,
        "GATEWRIGHT_JOB_ID": submission.id,
        "GATEWRIGHT_JOB_NAME": submission.name,
        "GATEWRIGHT_JOB_CORES": cores,
        "GATEWRIGHT_SYSTEM": submission.system,
    }
    if submission.array_index is not None:
        own["GATEWRIGHT_ARRAY_ID"] = submission.array_id
        own["GATEWRIGHT_ARRAY_INDEX"] = str(submission.array_index)
    inherited = {"OMP_NUM_THREADS": cores, **login} if spec.inherit_environment else {}
    return Entry(
        uuid=submission.uuid,
        id=submission.id,
        user=submission.user,
        name=submission.name,
        submitted_at=submission.submitted_at,
        executable=spec.executable,
        arguments=spec.arguments,
        directory=submission.directory,
        environment={**inherited, **spec.environment, **own},
        stdin_path=spec.stdin_path or os.devnull,
        stdout_path=submission.stdout_path,
        stderr_path=submission.stderr_path,
        duration=spec.attributes.duration,
        memory=spec.resources.memory,
        cores=spec.resources.cores,
        grace_seconds=grace,
        wake_path=wake_path,
        dependencies=submission.dependencies,
        array=submission.array_id,
        array_limit=submission.array_limit,
        hold=spec.hold,
        script=None if spec.script is None else spec.script.encode(),
    )
