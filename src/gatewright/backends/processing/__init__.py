"""Processing of images in processes of their own, beside the readers.

A second pool of :mod:`gatewright.backends.readers`, with its own bound on memory and
time, runs :mod:`gatewright.backends.processing.program`: the same functions whether a
person waits for the answer or a job asks for it.
"""

from gatewright.backends.processing.workshop import Workshop, WorkshopSettings

__all__ = ["Workshop", "WorkshopSettings"]
