"""Translates Slurm's states and reasons into the gateway's states and sentences."""

import re

from gatewright.backends.slurm.rows import QueueRow
from gatewright.domains.compute import (
    WAITS_FOR_A_START,
    WAITS_FOR_ANOTHER,
    JobState,
)

_ACTIVE = frozenset(
    {
        "COMPLETING",
        "CONFIGURING",
        "RESIZING",
        "RUNNING",
        "SIGNALING",
        "STAGE_OUT",
        "STOPPED",
        "SUSPENDED",
    }
)
_WAITING = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"}
    | {"RESV_DEL_HOLD"}
)
LAUNCH_FAILED = "launch failed requeued held"
"""What Slurm writes in place of a reason when a machine refused to start a job."""
NOT_STARTED = 53
"""What Slurm gives as signal if a machine could not begin a job's script: the number of
an error (``EBADR``), mostly since the output files cannot be opened."""
_HELD = frozenset({"JobHeldUser", "JobHeldAdmin", "JobHoldMaxRequeue", LAUNCH_FAILED})
_FAILURES = {
    "BOOT_FAIL": "A machine of the job did not start.",
    "DEADLINE": "It did not end before its deadline.",
    "NODE_FAIL": "A machine of the job failed.",
    "OUT_OF_MEMORY": "It needed more memory than it had asked for.",
    "PREEMPTED": "It made room for a job that goes first.",
    "REVOKED": "It was started on another cluster.",
    "TIMEOUT": "It reached its time limit.",
}
_REASONS = {
    "AssocMaxJobsLimit": "The most jobs of your account run already.",
    "BadConstraints": "No machine is as the job wants it. Change what it asks for.",
    "BeginTime": "The time that it is to begin at has not come.",
    "Cleaning": "What its last run left behind is being cleaned up.",
    "Dependency": f"{WAITS_FOR_ANOTHER}.",
    "DependencyNeverSatisfied": "A job that it waits for did not end as it must.",
    "InvalidAccount": "The account to charge is not valid any more.",
    "InvalidQOS": "The quality of service is not valid any more.",
    "JobArrayTaskLimit": "As many elements of its array run as may at once.",
    "JobHeldAdmin": "Held by an administrator.",
    "JobHeldUser": "Held until it is released.",
    "JobHoldMaxRequeue": "Held: it was put back into the queue too often.",
    "JobLaunchFailure": "It could not be started on its machine.",
    LAUNCH_FAILED: (
        "Held: its machine could not start it. Release it to try again; if that does "
        "not help, tell the operators."
    ),
    "Licenses": "Waits for licences that others use.",
    "NodeDown": "A machine that it needs is down.",
    "Nodes required for job are DOWN": (
        "The machines that it needs are down, or kept for jobs that go first."
    ),
    "None": "It has not been looked at yet.",
    "PartitionConfig": "It asks for more than its partition can ever give.",
    "PartitionDown": "Its partition is down.",
    "PartitionInactive": "Its partition starts no jobs at present.",
    "PartitionNodeLimit": "It asks for more machines than its partition gives a job.",
    "PartitionTimeLimit": "It asks for more time than its partition gives a job.",
    "Priority": "Jobs with a higher priority go first.",
    "Prolog": "Its machines are being prepared.",
    "ReqNodeNotAvail": "A machine that it asks for is not available.",
    "Reservation": "Waits for its reservation to begin.",
    "ReservationDeleted": "Its reservation is gone.",
    "Resources": "It is next, and waits for what it needs to be free.",
    "SystemFailure": "A failure of the system kept it from starting.",
}
_DEPENDED_ON = re.compile(r"(after\w*):(\d+(?:_\d+)?)", re.ASCII)
_PLACES = (1000, 100, 10, 5)


def state_of(word: str, reason: str) -> JobState:
    """Return the state for Slurm's state and reason."""
    word = word.partition(" ")[0].rstrip("+")
    if word in _ACTIVE:
        return JobState.ACTIVE
    if word in _WAITING:
        return JobState.HELD if spaced(reason) in _HELD else JobState.QUEUED
    if word == "COMPLETED":
        return JobState.COMPLETED
    return JobState.CANCELED if word == "CANCELLED" else JobState.FAILED


def spaced(reason: str) -> str:
    """Return a reason with spaces, where some of Slurm's commands write ``_``."""
    return reason.replace("_", " ")


def why_it_waits(row: QueueRow, ahead: int) -> str:
    """Return why a job has not started: the reason, its place, what it needs.

    ``ahead`` is the number of jobs of its partition with a higher priority.
    """
    if row.reason == "Dependency":
        waited = _DEPENDED_ON.findall(row.dependency)
        if waited:
            start = all(kind == "after" for kind, _ in waited)
            numbers = ", ".join(number for _, number in waited[:3])
            what = WAITS_FOR_A_START if start else WAITS_FOR_ANOTHER
            return f"{what} (Slurm's {numbers})."
        if row.dependency.startswith("singleton"):
            return "Waits for your earlier jobs of the same name to end."
    if row.reason == "Resources":
        cores = "1 core" if row.cores == 1 else f"{row.cores} cores"
        machines = f" on {row.nodes} machines" if row.nodes > 1 else ""
        return f"Waits for {cores}{machines} of {row.partition} to be free; it is next."
    if names_place(row):
        return f"Waits for its turn in {row.partition}; {_place(ahead)}."
    name = re.split(r"[,( ]", row.reason, maxsplit=1)[0]
    sentence = spaced(row.reason).partition(",")[0]
    known = _REASONS.get(name) or _REASONS.get(sentence)
    if known is not None:
        return known
    if row.reason.startswith(("QOS", "Assoc")):
        return (
            f"A limit of your {'account' if name.startswith('A') else 'queue'} is "
            f"reached ({name}); it waits until jobs under it have ended."
        )
    return f"Slurm says: {row.reason}."


def names_place(row: QueueRow) -> bool:
    """Return whether a job's reason names its place in the queue, which can change."""
    return row.reason == "Priority"


def _place(ahead: int) -> str:
    """Return a job's place in the queue, only roughly if it is far from the head.

    Each new text has to be written to the job's record, and all places change whenever
    a job starts.
    """
    rough = next((place for place in _PLACES if ahead > place), None)
    if rough is not None:
        return f"more than {rough} jobs are ahead"
    if ahead <= 0:
        return "it is next"
    return "1 job is ahead" if ahead == 1 else f"{ahead} jobs are ahead"


def why_it_ended(word: str, reason: str, exit_code: int, signal: int) -> str:
    """Return why a job failed or was canceled; "" for one that completed."""
    state, _, by = word.partition(" by ")
    state = state.rstrip("+")
    if state == "COMPLETED":
        return ""
    if state == "CANCELLED":
        if reason == "DependencyNeverSatisfied":
            return "A job that it waited for did not end as it had to."
        return f"Canceled by the account of number {by}." if by else "Canceled."
    if state in _FAILURES:
        return _FAILURES[state]
    if signal == NOT_STARTED:
        return (
            "Its machine could not begin it. Mostly its output file cannot be written: "
            "you may not write in that folder, or the machine does not have it."
        )
    if signal:
        return f"Ended by signal {signal}."
    if exit_code == 127:
        return "The program was not found, or a command of the script was not."
    if exit_code == 126:
        return "The program may not be run by you."
    if exit_code:
        return f"Ended with exit code {exit_code}."
    return _REASONS.get(reason, f"Slurm says: {reason or state}.")
