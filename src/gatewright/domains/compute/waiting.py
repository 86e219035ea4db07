"""Why a job waits for others, in the numbers that its user knows."""

from typing import Final

from gatewright.domains.compute.model import JobSpec

WAITS_FOR_ANOTHER: Final = "Waits for another job to end"
"""How a scheduler begins its reason if a job waits for others. What follows may have
numbers of its own, which are not those of the gateway."""
_MOST_NAMED = 5


def with_own_numbers(reason: str, spec: JobSpec) -> str:
    """Return a reason with the gateway's ids of the jobs that a job depends on.

    Only the reason :data:`WAITS_FOR_ANOTHER` is replaced, and only if the request named
    the jobs.
    """
    if not spec.dependencies or not reason.startswith(WAITS_FOR_ANOTHER):
        return reason
    names = list(dict.fromkeys(dependency.job for dependency in spec.dependencies))
    if len(names) == 1:
        return f"Waits for job {names[0]} to end."
    named, more = names[:_MOST_NAMED], len(names) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    # Some may have ended, which the scheduler tells only by numbers of its own.
    return (
        f"Waits until all jobs that it depends on have ended: {', '.join(named)}{rest}."
    )
