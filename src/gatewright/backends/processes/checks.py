"""Refuses jobs that this machine could never run."""

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import Capabilities, Submission


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
    if (resources.node_count or 1) > capabilities.nodes:
        raise InvalidContent(
            "This system is a single node: “node_count” can only be 1."
        )
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
