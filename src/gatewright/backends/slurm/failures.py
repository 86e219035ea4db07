"""Turns failures of Slurm's commands into errors of the gateway."""

import errno
import os
import re
from collections.abc import Sequence

from gatewright.backends.slurm.refusals import advice
from gatewright.core.errors import (
    BackendFailed,
    Conflict,
    GatewayError,
    InvalidContent,
    NotAllowed,
    TimedOut,
    Unavailable,
)
from gatewright.domains.files import Outcome

AWAY_SECONDS = 5.0
"""Seconds after which to try again if the controller does not answer."""

_AWAY = re.compile(
    r"[Uu]nable to contact slurm|[Cc]onnection refused|connect failure|"
    r"Communication connection failure|Protocol authentication error|"
    r"[Uu]nable to establish|slurm_persist_conn_open|"
    r"Could not establish a configuration source|backup controller|"
    r"Problem talking to the database|temporarily unable to accept job"
)
_LATE = re.compile(r"[Tt]imed out on send/recv|[Cc]onnection timed out")
_OF_SOCKETS = (
    errno.EAGAIN, errno.EBADF, errno.ECONNABORTED, errno.ECONNRESET, errno.EHOSTDOWN,
    errno.EHOSTUNREACH, errno.EINTR, errno.EIO, errno.ENETDOWN, errno.ENETRESET,
    errno.ENETUNREACH, errno.ENOBUFS, errno.ENOTCONN, errno.EPIPE, errno.EPROTO,
    errno.ESHUTDOWN,
)  # fmt: skip
"""Errors of the system's calls that read and write a connection."""
_BROKEN_OFF = re.compile(
    r"Zero Bytes were transmitted|\((?:send|receive|shutdown) failure\)|"
    r"Message (?:send|receive) failure|Communication shutdown failure|"
    r"Unexpected message received|Insane message length|missing socket error|"
    + "|".join(re.escape(os.strerror(number)) for number in _OF_SOCKETS)
)
"""Errors of a connection that ends after the request may have been sent.

They are those of ``slurm_errno.h`` from 1000 on, the controller's from 1800 on, and
those of the system, in whose words Slurm's commands report them.
"""
_UNKNOWN = re.compile(r"Invalid job id specified|Invalid job array")
_DENIED = re.compile(r"[Pp]ermission denied")
_ENDED = re.compile(
    r"already finished|already completing|completed or been|Invalid job"
)
_OPTION = re.compile(r"Invalid --[\w-]+ |[Uu]nrecognized option|option '.*' (?:is|req)")
"""Errors in sbatch's own reading of options, after which it exits with 255."""
_LONGEST = 300
"""Characters of Slurm's words that an error quotes at most."""
_PREFIX = re.compile(
    r"^(?:\w+: )?(?:error: |fatal: )?"
    r"(?:Batch job submission failed: |allocation failure: )?"
)


class Away(Unavailable):
    """Slurm's controller does not answer.

    Try again later.
    """


def printed(program: str, outcome: Outcome) -> str:
    """Return what a command printed as text: :func:`output`."""
    return output(program, outcome).decode("utf-8", "replace")


def output(program: str, outcome: Outcome) -> bytes:
    """Return what a command printed.

    Raises
    ------
    GatewayError
        The command failed.
    """
    if outcome.exit_code or outcome.timed_out:
        raise failure(program, outcome)
    return outcome.stdout


def knows_no_such_job(outcome: Outcome) -> bool:
    """Return whether a command failed only because the job does not exist."""
    return outcome.exit_code != 0 and _UNKNOWN.search(_text(outcome)) is not None


def without_accounting(outcome: Outcome) -> bool:
    """Return whether a command failed because accounting is disabled."""
    return "accounting storage is disabled" in _text(outcome)


def failure(program: str, outcome: Outcome) -> GatewayError:
    """Return the error for a command that failed.

    After :class:`TimedOut` it is unknown whether the command took effect.
    """
    text = _text(outcome)
    broken_off = _BROKEN_OFF.search(text) is not None
    if outcome.timed_out or _LATE.search(text) or (broken_off and program == "sbatch"):
        return TimedOut("Slurm did not answer in time.", retry_after=AWAY_SECONDS)
    if broken_off or _AWAY.search(text):
        kind = Unavailable if broken_off else Away
        return kind(
            "Slurm's controller does not answer. Try again later.",
            retry_after=AWAY_SECONDS,
        )
    lines = [line for line in text.splitlines() if line.strip()]
    said = _PREFIX.sub("", lines[-1])[:300] if lines else ""
    refused = outcome.exit_code == 1 or _OPTION.search(text) is not None
    if program == "sbatch" and refused and said:
        return _refused(lines)
    return BackendFailed(
        f"Slurm's command {program} failed: {said or 'it said nothing'}."
    )


def _refused(lines: Sequence[str]) -> InvalidContent:
    """Return the error for a job that Slurm refuses: what to change, and its words.

    Of several lines all are quoted, since the first often names the limit.
    """
    words = [_PREFIX.sub("", line).strip().rstrip(".") for line in lines]
    said = "; ".join(one for one in words if not one.startswith("warning: "))
    why = advice(said)
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}…"
    if not why:
        return InvalidContent(f"Slurm does not take the job: {said}.")
    return InvalidContent(f"Slurm does not take the job. {why} Its words: “{said}”.")


def refusal(program: str, outcome: Outcome) -> GatewayError:
    """Return the error for a command that did not change a job."""
    error = failure(program, outcome)
    if not isinstance(error, BackendFailed):
        return error
    text = _text(outcome)
    if _DENIED.search(text):
        return NotAllowed(
            "Slurm leaves this to its administrators: people may lower the time limit "
            "of their job, and not raise that of one that runs."
        )
    if _ENDED.search(text):
        return Conflict("The job has ended meanwhile.")
    said = text.strip().rpartition("\n")[2].rpartition(": ")[2][:300]
    return InvalidContent(f"Slurm refuses it: {said or 'it does not say why'}.")


def change_failure(program: str, outcome: Outcome) -> GatewayError | None:
    """Return the error for a command that should have changed a job or an array.

    None if it succeeded, also for an array of which some elements have ended: Slurm
    then fails, and tells each part of the array what became of it.
    """
    if not (outcome.exit_code or outcome.timed_out):
        return None
    lines = [line for line in _text(outcome).splitlines() if line.strip()]
    left = [line for line in lines if not line.endswith(": No error")]
    if len(left) < len(lines) and all(map(_ENDED.search, left)):
        return None
    return refusal(program, outcome)


def order_failure(outcome: Outcome) -> GatewayError | None:
    """Return the error for a command that should have held or released jobs.

    None if it succeeded, or failed since the jobs have begun or are gone.
    """
    if not (outcome.exit_code or outcome.timed_out):
        return None
    error = refusal("scontrol", outcome)
    if isinstance(error, NotAllowed):
        return NotAllowed(
            "An administrator of Slurm holds this job, and only they can release it. "
            "Ask them why."
        )
    return error if isinstance(error, (TimedOut, Unavailable)) else None


def cancel_failure(outcome: Outcome) -> GatewayError | None:
    """Return the error for a command that should have canceled jobs.

    None if it succeeded, or failed only since jobs have ended or are gone.
    """
    if not (outcome.exit_code or outcome.timed_out):
        return None
    error = refusal("scancel", outcome)
    if isinstance(error, (TimedOut, Unavailable)):
        return error
    errors = [line for line in _text(outcome).splitlines() if "error: " in line]
    if all(map(_ENDED.search, errors)):
        return None
    if isinstance(error, NotAllowed):
        return NotAllowed(
            "Slurm does not let you cancel this job. Ask its administrators why."
        )
    return error


def unexpected(program: str) -> BackendFailed:
    """Return the error for an answer that does not have the requested form."""
    return BackendFailed(
        f"The answer of {program} has an unexpected form. Ask the gateway's operator "
        "whether this version of Slurm is supported."
    )


def _text(outcome: Outcome) -> str:
    return outcome.stderr.decode("utf-8", "replace")
