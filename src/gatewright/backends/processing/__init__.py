"""Processes images in worker processes of their own, apart from the readers'.

A second pool of :mod:`gatewright.backends.readers`, with its own limits of memory and
time, runs :mod:`gatewright.backends.processing.program`. Requests that wait for the
answer and jobs use the same functions.
"""

from gatewright.backends.processing.workshop import Workshop, WorkshopSettings

__all__ = ["Workshop", "WorkshopSettings"]
