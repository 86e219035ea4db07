"""Removes expired documents in the background."""

from gatewright.domains.store.ports import DocumentStore

SWEEP_SECONDS = 20.0


async def remove_expired(documents: DocumentStore) -> float:
    """Delete some of the expired documents; return the seconds until the next call.

    The result is 0 while there may be more.
    """
    return 0.0 if await documents.sweep() else SWEEP_SECONDS
