"""Documents that have expired are removed, now and then."""

from gatewright.domains.store.ports import DocumentStore

SWEEP_SECONDS = 20.0


async def remove_expired(documents: DocumentStore) -> float:
    """Delete some of what has expired; return the seconds until the next time.

    It goes on at once while there is more.
    """
    return 0.0 if await documents.sweep() else SWEEP_SECONDS
