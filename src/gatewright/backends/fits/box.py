"""The box of pixels round a region."""

from dataclasses import dataclass

import numpy as np

from gatewright.backends.fits.plate import Numbers, Plate, border, near
from gatewright.core.errors import NotFound
from gatewright.domains.sky import Region, geometry

_EACH_SIDE = 256


@dataclass(frozen=True, slots=True)
class Box:
    """Columns and rows of an image, counted from 0, the ends not included."""

    x0: int
    """First column."""
    x1: int
    """Column after the last."""
    y0: int
    """First row."""
    y1: int
    """Row after the last."""
    further: tuple[tuple[int, int], ...] = ()
    """First place and the one after the last on each further axis of a cube."""

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.y1 - self.y0

    @property
    def lengths(self) -> tuple[int, ...]:
        """Lengths of all axes, the fastest first."""
        return (self.width, self.height, *(end - first for first, end in self.further))

    @property
    def starts(self) -> tuple[int, ...]:
        """First place on each axis."""
        return (self.x0, self.y0, *(first for first, _ in self.further))

    def section(self) -> str:
        """Return it as IRAF and FITS write sections, counted from 1."""
        axes = zip(self.starts, self.lengths, strict=True)
        return f"[{','.join(f'{start + 1}:{start + n}' for start, n in axes)}]"


def box_of(region: Region, plate: Plate) -> Box:
    """Return the smallest box with all pixels that a region touches.

    The region is clipped to the image (SODA 1.0 section 3.3: best match).

    Raises
    ------
    NotFound
        The region touches no pixel.
    """
    rim = region.outline()
    x, y = _rim_pixels(rim, plate)
    if x is None or y is None:
        x, y = _pixels_within(region, plate)
    if not x.size:
        raise NotFound("The region has no pixel of this image.")
    # Pixel n covers n - 0.5 to n + 0.5.
    first_x, last_x = _clip(x.min(), plate.width), _clip(x.max(), plate.width)
    first_y, last_y = _clip(y.min(), plate.height), _clip(y.max(), plate.height)
    outside = (
        x.max() < -0.5
        or y.max() < -0.5
        or x.min() > plate.width - 0.5
        or y.min() > plate.height - 0.5
    )
    if outside:
        raise NotFound("The region has no pixel of this image.")
    return Box(first_x, last_x + 1, first_y, last_y + 1)


def _clip(position: float, length: int) -> int:
    return int(min(max(np.floor(position + 0.5), 0), length - 1))


def _rim_pixels(
    rim: geometry.Vectors, plate: Plate
) -> tuple[Numbers, Numbers] | tuple[None, None]:
    """Return the rim in pixels; None where the projection does not reach so far."""
    if not near(plate, rim):
        return None, None
    ra, dec = sky_degrees(rim)
    x, y = plate.to_pixels(ra, dec)
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return None, None
    return x, y


def sky_degrees(directions: geometry.Vectors) -> tuple[Numbers, Numbers]:
    """Return right ascensions and declinations of directions."""
    ra = np.degrees(np.arctan2(directions[:, 1], directions[:, 0])) % 360.0
    reach = np.hypot(directions[:, 0], directions[:, 1])
    return ra, np.degrees(np.arctan2(directions[:, 2], reach))


def _pixels_within(region: Region, plate: Plate) -> tuple[Numbers, Numbers]:
    """Return pixel positions of the image's border and inside that a region has.

    Serves regions too large for the projection, whose rim in the image is found to
    one part in 256 of the image's side.
    """
    rim_x, rim_y = border(plate, _EACH_SIDE)
    columns = np.linspace(0, plate.width - 1, _EACH_SIDE)
    rows = np.linspace(0, plate.height - 1, _EACH_SIDE)
    grid_x, grid_y = np.meshgrid(columns, rows)
    x = np.concatenate([rim_x, grid_x.ravel()])
    y = np.concatenate([rim_y, grid_y.ravel()])
    held = region.holds(plate.vectors(x, y))
    return x[held], y[held]
