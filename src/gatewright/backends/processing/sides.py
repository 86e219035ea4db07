"""Prepares the frames of a product: one frame as it is, or a coadd of several."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatewright.backends.processing.grids import Grid, grid_of
from gatewright.backends.processing.loading import load_frame
from gatewright.backends.processing.product_file import dated
from gatewright.backends.processing.report import (
    alignment_answer,
    psf_answer,
    ratio_answer,
)
from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.core.errors import NotFound, TooLarge
from gatewright.domains.processing import Circle, OutsideFrame
from gatewright.domains.processing import coadd as coadding
from gatewright.domains.processing.frames import Frame
from gatewright.domains.processing.parallel import Parallel
from gatewright.domains.processing.prepared import (
    Prepared,
    prepare,
    prepare_again,
    without_pixels,
)

MARGIN = 160
"""Pixels that are read around a circle, to have stars for the measurements."""
_BYTES_OF_PIXEL = _BYTES_OF_GRID = 110
"""Memory for each pixel of a frame, and of the grid that it is put on."""
_FOURIER = ScipyFourier()
_UNTIED = (
    "These images share no star with the first image, nor with one that a chain of "
    "shared stars ties to it: how their fluxes compare is not known, and they were "
    "averaged as if their units were the same."
)


@dataclass(frozen=True, slots=True)
class Made:
    """A coadd, or one prepared side of a difference."""

    frame: Prepared
    """The frame, or the coadd."""
    cards: str
    """FITS cards of its world coordinates and its time."""
    told: Mapping[str, object]
    """What the report says of it."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Prepares the sides of a product."""

    place: Circle | None
    """Region of the product; None for the area of the first frame."""
    memory: int
    """Bytes that the process may use."""
    threads: Parallel
    """Works on several frames of a side at once."""

    def single(self, side: Mapping[str, Any]) -> Made:
        """Return a side of a difference: its frame as it is, or a coadd of several.

        Raises
        ------
        NotFound
            No frame has a pixel of the region.
        TooLarge
            It needs more memory than the process may use.
        """
        refs = side["frames"]
        if len(refs) > 1:
            return self.combined(side)
        return self._alone(refs[0], load_frame(refs[0], self.place, MARGIN))

    def combined(self, side: Mapping[str, Any]) -> Made:
        """Return the coadd of a side's frames for the whole region.

        Raises
        ------
        NotFound, TooLarge
            As :meth:`single`.
        """
        refs = side["frames"]
        start, first = self._first(refs)
        grid = grid_of(self.place, first, MARGIN)
        if len(refs) == 1 and grid.own:
            return self._alone(refs[0], first)
        self.check(math.prod(grid.shape), first)
        loads = [_Frame(ref, grid, self.check) for ref in refs[start:]]
        made = coadding.coadd(
            loads, grid.projection, grid.shape, side["method"], _FOURIER, self.threads
        )
        outside = {start + number for number in made.outside} | set(range(start))
        used = [ref for number, ref in enumerate(refs) if number not in outside]
        inputs = [
            {
                "image": ref["image"],
                "weight": one.weight,
                "fwhm": one.fwhm,
                "clipped": one.clipped,
                "flux_ratio": ratio_answer(one.ratio),
                "shift": alignment_answer(one.alignment),
            }
            for ref, one in zip(used, made.inputs, strict=True)
        ]
        untied = [
            ref["image"]
            for ref, one in zip(used, made.inputs, strict=True)
            if not one.ratio.tied
        ]
        told: dict[str, object] = {
            "images": [ref["image"] for ref in used],
            "method": side["method"],
            "inputs": inputs,
            "outside": [refs[number]["image"] for number in sorted(outside)],
            "untied": untied,
            "untied_reason": _UNTIED if untied else None,
            "grid": grid.told,
        }
        return Made(made.frame, dated(grid.cards, used), told)

    def _first(self, refs: Sequence[Mapping[str, Any]]) -> tuple[int, Frame]:
        """Return the number of the first frame that reaches the region, and the frame.

        Raises
        ------
        NotFound
            None does.
        """
        for number, ref in enumerate(refs):
            try:
                return number, load_frame(ref, self.place, MARGIN)
            except OutsideFrame:
                if len(refs) == 1:
                    raise
        raise NotFound(f"The region has no pixel of these {len(refs)} images.")

    def _alone(self, ref: Mapping[str, Any], frame: Frame) -> Made:
        """Return a side of one frame, on its own pixels."""
        self.check(frame.values.size, frame)
        made = prepare(frame)
        told = {"images": [ref["image"]], "psf": psf_answer(made)}
        return Made(made, dated(frame.cards, [ref]), told)

    def check(self, pixels: int, frame: Frame) -> None:
        """Check that the memory is enough to put a frame on a grid of some pixels.

        Raises
        ------
        TooLarge
            It is not.
        """
        needed = pixels * _BYTES_OF_GRID + frame.values.size * _BYTES_OF_PIXEL
        if needed > self.memory:
            raise TooLarge(
                f"This needs about {needed >> 20} MiB of memory, and a process has "
                f"{self.memory >> 20}. Request a smaller region with “pos”.",
                estimate_bytes=needed,
                limit_bytes=self.memory,
            )


@dataclass(slots=True)
class _Frame:
    """Loads a frame each time it is called, and measures it once without weights."""

    ref: Mapping[str, Any]
    grid: Grid
    check: Callable[[int, Frame], None]
    known: Prepared | None = None
    """What was measured, without pixels: they would be too large for all frames."""

    def __call__(self) -> Prepared:
        frame = load_frame(self.ref, self.grid.around, MARGIN)
        if self.known is not None and frame.variance is None:
            return prepare_again(frame, self.known)
        self.check(math.prod(self.grid.shape), frame)
        made = prepare(frame)
        self.known = without_pixels(made)
        return made
