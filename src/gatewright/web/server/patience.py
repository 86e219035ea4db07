"""Grace periods that the supervisor and the gateway processes share."""

DRAIN_SECONDS = 30
"""Seconds in which running requests may finish when the gateway stops."""
ORPHAN_SECONDS = 2
"""Seconds in which running requests may finish when the supervisor was killed."""
