"""A grid on the tangent plane of a place: north up, east left, square pixels."""

from dataclasses import dataclass

import numpy as np

from gatewright.domains.processing.frames import Numbers, Pixels, Projection


@dataclass(frozen=True, slots=True)
class TangentGrid:
    """The gnomonic projection (FITS TAN) around the middle of a square of pixels.

    Rows run to the north and columns to the west, as in a FITS file with north up.
    Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
    """

    ra: float
    """Right ascension of the middle, ICRS degrees."""
    dec: float
    """Declination of the middle, ICRS degrees."""
    scale: float
    """Side of a pixel in the middle, degrees."""
    side: int
    """Pixels on a side."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return the right ascensions and declinations of pixels, ICRS degrees."""
        middle = (self.side - 1) / 2
        east = np.radians((middle - x) * self.scale)
        north = np.radians((y - middle) * self.scale)
        dec = np.radians(self.dec)
        across = np.cos(dec) - north * np.sin(dec)
        ra = self.ra + np.degrees(np.arctan2(east, across))
        up = np.sin(dec) + north * np.cos(dec)
        return ra % 360.0, np.degrees(np.arctan2(up, np.hypot(east, across)))

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return the pixels of directions, NaN on the far side of the sky.

        Directions are ICRS degrees.
        """
        middle = (self.side - 1) / 2
        turn, lat, own = np.radians(ra - self.ra), np.radians(dec), np.radians(self.dec)
        towards = np.sin(own) * np.sin(lat) + np.cos(own) * np.cos(lat) * np.cos(turn)
        depth = np.where(towards > 0, towards, np.nan)
        east = np.cos(lat) * np.sin(turn) / depth
        north = np.cos(own) * np.sin(lat) - np.sin(own) * np.cos(lat) * np.cos(turn)
        step = np.radians(self.scale)
        return middle - east / step, middle + north / depth / step


@dataclass(frozen=True, slots=True)
class BinnedProjection:
    """The projection of an image whose blocks of pixels were averaged."""

    whole: Projection
    """Projection of the image before."""
    block: int
    """Pixels on a side of a block."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return the right ascensions and declinations of blocks, ICRS degrees."""
        half = (self.block - 1) / 2
        return self.whole.to_sky(x * self.block + half, y * self.block + half)

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return the positions of ICRS directions in degrees, in units of blocks."""
        half = (self.block - 1) / 2
        x, y = self.whole.to_pixels(ra, dec)
        return (x - half) / self.block, (y - half) / self.block


def binned(values: Pixels, block: int) -> Pixels:
    """Return the means of square blocks; NaN where a pixel of the block is NaN.

    Rows and columns that fill no block are left out.
    """
    height, width = (side // block * block for side in values.shape)
    blocks = values[:height, :width].reshape(
        height // block, block, width // block, block
    )
    means: Pixels = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
