"""Writes the script of a job for Slurm, which ensures that the job's work is done once.

A controller that was killed may forget a job, start it again, or assign its id to
another; and a job of which there is no trace is submitted again. So the script first
creates a file named after the submission in the user's home (its claim), which only one
job can create. A job that finds the file ends at once with :data:`DONE_ALREADY`, unless
Slurm itself has requeued the same job. When the work has ended, its exit code is added
to the file, so that the end is known even if the controller has forgotten the job.

Slurm also counts a restart when a machine refuses to start a job. It may refuse because
the same job is still running there, although the controller has forgotten that start.
The restart must not repeat the work, so the file :func:`done_name` forbids it.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gatewright.backends.slurm.directives import directives
from gatewright.domains.compute import Submission

_NUMBER = re.compile(r"[0-9]{1,11}")
_MOST_CODE = 255
DONE_ALREADY = 117
"""Exit code of a job whose work another job has begun. It is below 128, since ``sacct``
reports larger ones differently."""

_CLAIM = """\
if ! (umask 077; mkdir -p {folder}; set -C
      echo "begun $SLURM_JOB_ID ${{SLURM_RESTART_COUNT:-0}} $(date +%s)" >"$gw_claim"
     ) 2>/dev/null && read -r gw_word gw_id gw_count gw_rest 2>/dev/null <"$gw_claim"
then
  [ "$gw_id" = "$SLURM_JOB_ID" ] && [ "${{SLURM_RESTART_COUNT:-0}}" -gt "$gw_count" ] &&
    [ ! -e "$gw_claim.done-$SLURM_RESTART_COUNT" ] || exit {done}
  echo "begun $SLURM_JOB_ID $SLURM_RESTART_COUNT $(date +%s)" >"$gw_claim"
fi
"""
_RUN = """\
trap : HUP INT QUIT TERM USR1 USR2
{command}
gw_code=$?
trap '' HUP INT QUIT TERM USR1 USR2
echo "ended $SLURM_JOB_ID $gw_code $(date +%s)" 2>/dev/null >>"$gw_claim"
rm -f "$gw_claim.script"
exit $gw_code
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Content of a claim file."""

    number: str
    """Slurm's id of the job that created it."""
    began_at: float
    """Time of the start, seconds since 1970 UTC, by the clock of the node."""
    exit_code: int | None = None
    """Exit code of the work; None before its end."""
    ended_at: float | None = None
    """Time of the end, seconds since 1970 UTC; None before."""
    restarts: int = 0
    """How often Slurm had restarted the job before this start."""


def claim_name(name: str, index: str) -> str:
    """Return the name of the claim file of a job or an element of an array."""
    return f"{name}_{index}" if index else name


def done_name(claim: str, restarts: int) -> str:
    """Return the name of the file that forbids a restart of work that was done."""
    return f"{claim}.done-{restarts}"


def claim_in(text: str) -> Claim | None:
    """Return the content of a claim file; None if it is empty or incomplete.

    The file is its user's, who may write anything into it: a line whose numbers no
    record holds, such as a time after the year 5138, is ignored.
    """
    claim = None
    for line in text.splitlines():
        words = line.split()
        if len(words) != 4 or not all(map(_NUMBER.fullmatch, words[1:])):
            continue
        if words[0] == "begun":
            claim = Claim(words[1], float(words[3]), restarts=int(words[2]))
        elif words[0] == "ended" and claim is not None and claim.number == words[1]:
            code, at = int(words[2]), float(words[3])
            if code <= _MOST_CODE:
                claim = replace(claim, exit_code=code, ended_at=at)
    return claim


def script_of(
    submission: Submission,
    name: str,
    folder: str,
    elements: Sequence[Submission] = (),
) -> str:
    """Return the script of a job, or of the elements of an array.

    ``folder`` holds the claim files, in the home of the job's user.
    """
    spec = submission.spec
    found = directives(spec.script or "")
    claim = f"{folder}/{name}"
    lines = ["#!/bin/sh", *found.lines, f"gw_claim={shlex.quote(claim)}"]
    if elements:
        lines.append('gw_claim="${gw_claim}_$SLURM_ARRAY_TASK_ID"')
    lines.append(_CLAIM.format(folder=shlex.quote(folder), done=DONE_ALREADY))
    if elements:
        lines += ["case $SLURM_ARRAY_TASK_ID in", *map(_streams, elements), "esac"]
    elif not found.appends:
        # Only now: a job that ends above leaves the output of the work alone.
        for path in dict.fromkeys((submission.stdout_path, submission.stderr_path)):
            lines.append(f"(: >{shlex.quote(path)}) 2>/dev/null")
        # Slurm's own words about this went into the file that was just emptied.
        entered = f"[ . -ef {shlex.quote(submission.directory)} ]"
        lines.append(f'{entered} || echo "The job runs in $PWD instead." >&2')
    program = shlex.quote(spec.executable or "")
    if spec.script is not None:
        text = shlex.quote(spec.script)
        lines.append(f'(umask 077; printf %s {text} >"$gw_claim.script") || exit')
        lines.append('chmod 700 "$gw_claim.script" || exit')
        program = '"$gw_claim.script"'
        if not spec.script.startswith("#!"):
            program = f"/bin/sh {program}"
    # Slurm's variables come first: the script's own directives may differ from the
    # request.
    each = f"${{SLURM_CPUS_PER_TASK:-{spec.resources.cpu_cores_per_process}}}"
    tasks = f"${{SLURM_NTASKS:-{spec.resources.processes}}}"
    variables = {
        **spec.environment,
        "GATEWRIGHT_JOB_NAME": submission.name,
        "GATEWRIGHT_SYSTEM": submission.system,
    }
    command = " ".join(
        [
            "env",
            *([f"OMP_NUM_THREADS={each}"] if spec.inherit_environment else []),
            *(shlex.quote(f"{name}={value}") for name, value in variables.items()),
            f"GATEWRIGHT_JOB_CORES=$(({tasks} * {each}))",
            *_own(submission),
            # "env" would take a program with "=" in its path for a variable.
            "/bin/sh -c 'exec \"$@\"' sh",
            program,
            *map(shlex.quote, spec.arguments),
        ]
    )
    if found.signal_to_script:
        # The signal that was asked for goes to this very process and to no other.
        lines.append(f"exec {command}")
    else:
        lines.append(_RUN.format(command=command))
    return "\n".join(lines)


def _streams(element: Submission) -> str:
    out, error = shlex.quote(element.stdout_path), shlex.quote(element.stderr_path)
    joined = "2>&1" if out == error else f"2>{error}"
    return f"{element.array_index}) exec >{out} {joined} ;;"


def _own(submission: Submission) -> list[str]:
    """Return the environment variables that differ between the elements of an array."""
    if submission.array_index is None:
        return [f"GATEWRIGHT_JOB_ID={shlex.quote(submission.id)}"]
    number = shlex.quote(submission.array_id)
    return [
        f'GATEWRIGHT_JOB_ID={number}_"$SLURM_ARRAY_TASK_ID"',
        f"GATEWRIGHT_ARRAY_ID={number}",
        'GATEWRIGHT_ARRAY_INDEX="$SLURM_ARRAY_TASK_ID"',
    ]
