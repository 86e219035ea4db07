"""FITS images: ``reader`` runs in the gateway, ``program`` in the reader processes."""

from gatewright.backends.fits.reader import FitsReader

__all__ = ["FitsReader"]
