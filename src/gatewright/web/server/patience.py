"""How long the server waits, for the parent and its processes alike."""

DRAIN_SECONDS = 30
"""Seconds in which requests in progress may finish when the gateway stops."""
ORPHAN_SECONDS = 2
"""Seconds for the same when the parent was killed."""
