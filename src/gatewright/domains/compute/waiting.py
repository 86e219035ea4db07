"""Why a job waits for others, in the numbers that its user knows."""

from typing import Final

from gatewright.domains.compute.model import Condition, JobSpec

WAITS_FOR_ANOTHER: Final = "Waits for another job to end"
"""How a scheduler begins its reason if a job waits for others. What follows may have
numbers of its own, which are not those of the gateway."""
WAITS_FOR_A_START: Final = "Waits for another job to begin"
"""How it begins its reason if a job waits until others have begun."""
_MOST_NAMED = 5


def with_own_numbers(reason: str, spec: JobSpec) -> str:
    """Return a reason with the gateway's ids of the jobs that a job depends on.

    Only the reasons :data:`WAITS_FOR_ANOTHER` and :data:`WAITS_FOR_A_START` are
    replaced, and only if the request named the jobs.
    """
    begins = reason.startswith(WAITS_FOR_A_START)
    if not begins and not reason.startswith(WAITS_FOR_ANOTHER):
        return reason
    waited = {
        dependency.job: dependency.condition
        for dependency in spec.dependencies
        if dependency.job and (dependency.condition is Condition.AFTER) == begins
    }
    if not waited:
        return reason
    names = list(waited)
    if len(names) == 1:
        corresponding = waited[names[0]] is Condition.AFTER_CORR
        what = "its element of job" if corresponding else "job"
        return f"Waits for {what} {names[0]} to {'begin' if begins else 'end'}."
    named, more = names[:_MOST_NAMED], len(names) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    # Some may have ended, which the scheduler tells only by numbers of its own.
    done = "begun" if begins else "ended"
    return (
        f"Waits until all jobs that it depends on have {done}: "
        f"{', '.join(named)}{rest}."
    )
