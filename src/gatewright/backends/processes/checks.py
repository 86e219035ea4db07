"""Refuses jobs that this machine could never run."""

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import (
    Capabilities,
    Condition,
    Submission,
    check_capacity,
)

_KNOWN = (Condition.AFTER_OK, Condition.AFTER_ANY, Condition.AFTER_NOT_OK)


def check(submission: Submission, capabilities: Capabilities) -> None:
    """Refuse a submission that this machine could never run.

    Raises
    ------
    InvalidContent
        The message says what the machine offers.
    """
    resources, attributes = submission.spec.resources, submission.spec.attributes
    if resources.gpu_cores_per_process:
        raise InvalidContent("This system has no GPUs for jobs.")
    for dependency in submission.spec.dependencies:
        if dependency.condition not in _KNOWN:
            raise InvalidContent(
                f"This system has no dependencies “{dependency.condition}”. It has: "
                f"{', '.join(_KNOWN)}."
            )
    check_capacity(resources, capabilities)
    queue = attributes.queue_name
    if queue is not None and queue not in capabilities.queues:
        names = ", ".join(capabilities.queues)
        raise InvalidContent(f"There is no queue “{queue}”. There is: {names}.")
    for value, things in (
        (attributes.reservation, "reservations"),
        (attributes.qos, "qualities of service"),
        (attributes.constraint, "features to ask for"),
        (attributes.licenses, "licences to count"),
    ):
        if value is not None:
            raise InvalidContent(f"This system has no {things}.")
