"""From a submission to what the runner runs, and what this machine can run."""

import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path

from gatewright.backends.processes.proc import MARK
from gatewright.backends.processes.spool import Entry
from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import Capabilities, Submission

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
    """Return the part of an environment that a person has at login.

    The gateway's own settings and secrets are not in it.
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
    """Return what the spool keeps of a submission."""
    spec = submission.spec
    return Entry(
        uuid=submission.uuid,
        id=submission.id,
        user=submission.user,
        name=submission.name,
        submitted_at=submission.submitted_at,
        executable=spec.executable,
        arguments=spec.arguments,
        directory=submission.directory,
        environment=_environment(submission, login),
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


def _environment(submission: Submission, login: Mapping[str, str]) -> Mapping[str, str]:
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
    return {**inherited, **spec.environment, **own}


def check(submission: Submission, capabilities: Capabilities) -> None:
    """Refuse what this machine can never run.

    Raises
    ------
    InvalidContent
        The text says what there is.
    """
    resources, attributes = submission.spec.resources, submission.spec.attributes
    if resources.gpu_cores_per_process:
        raise InvalidContent("There are no graphics processors for jobs here.")
    if (resources.node_count or 1) > capabilities.nodes:
        raise InvalidContent("This system is one machine: “node_count” is 1.")
    if resources.cores > capabilities.cores:
        raise InvalidContent(
            f"The job asks for {resources.cores} cores, and jobs have "
            f"{capabilities.cores} here."
        )
    if (resources.memory or 0) > capabilities.memory_bytes:
        raise InvalidContent(
            f"The job asks for {resources.memory} bytes of memory, and jobs have "
            f"{capabilities.memory_bytes} here."
        )
    queue = attributes.queue_name
    if queue is not None and queue not in capabilities.queues:
        names = ", ".join(capabilities.queues)
        raise InvalidContent(f"There is no queue “{queue}”. There is: {names}.")
    if attributes.reservation is not None:
        raise InvalidContent("This system has no reservations.")


def check_directory(path: str) -> None:
    """Refuse a working directory that is none; blocks for as long as the disk does.

    Raises
    ------
    InvalidContent
        It does not exist, is no directory, or cannot be reached.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise InvalidContent(
            f"The directory “{path}” cannot be used: {error.strerror}."
        ) from error
    if not stat.S_ISDIR(mode):
        raise InvalidContent(f"The directory “{path}” is not a directory.")
