"""The entry point of the FITS reader."""

from gatewright.backends.fits.files import SUFFIXES
from gatewright.backends.fits.reader import FitsReader
from gatewright.backends.plugin import ImageReaderPlugin

plugin = ImageReaderPlugin(
    programs=("gatewright.backends.fits.program",),
    suffixes=SUFFIXES,
    open=FitsReader,
    frames="gatewright.backends.fits.frames:read_frame",
)
