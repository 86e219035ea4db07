"""FITS images: ``program`` runs in the reader processes, ``reader`` in the gateway."""

from gatewright.backends.fits.reader import FitsReader

__all__ = ["FitsReader"]
