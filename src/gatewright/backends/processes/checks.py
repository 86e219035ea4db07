"""What this machine can never run is refused before it is written down."""

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import Capabilities, Submission


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
