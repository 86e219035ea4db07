"""Chooses the frames of a reference by their time, their seeing and their depth.

A reference has to be sharp and deep, and must not have the light that a subtraction is
to find. So its frames were taken some days before the science frames, and of those the
rule takes

1. frames whose seeing is at most 1.5 times that of the sharpest one,
2. of these, frames whose 5 sigma flux is at most twice that of the deepest one, since
   others have less than a quarter of its weight in a coadd,
3. of these, the deepest.

Seeing and depth are measured from the pixels and not read from headers, which many
archives leave empty and others fill by rules of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatewright.domains.processing.coadd import depth_of
from gatewright.domains.processing.frames import pixel_size
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.scales import Stars, joint_scales

WIDEST = 1.5
"""Largest seeing of a frame, divided by that of the sharpest."""
SHALLOWEST = 2.0
"""Largest 5 sigma flux of a frame, divided by that of the deepest."""


@dataclass(frozen=True, slots=True)
class ReferenceRule:
    """What a person may say of how a reference is chosen."""

    days: float = 14.0
    """Least time between the end of a frame and the first science frame, days."""
    most: int = 10
    """Most frames of the reference."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a frame is for a reference."""

    seeing: float
    """FWHM of a star, arcseconds."""
    depth: float
    """Flux of a point source at 5 sigma, in units that the compared frames share."""


def measure_qualities(frames: Sequence[Prepared]) -> Sequence[Quality | None]:
    """Return the seeing and the depth of frames of one place on the sky.

    The fluxes are in units of the frame with the most stars of its PSF. The value is
    None for a frame that no chain of shared stars ties to it: their fluxes cannot be
    compared.
    """
    if not frames:
        return []
    first = max(range(len(frames)), key=lambda number: frames[number].psf.used)
    order = [first, *(n for n in range(len(frames)) if n != first)]
    scales = joint_scales([Stars.of(frames[number]) for number in order])
    found: list[Quality | None] = [None] * len(frames)
    for number, scale in zip(order, scales, strict=True):
        frame = frames[number]
        if scale.tied:
            size = pixel_size(frame.projection, frame.values.shape)
            depth = depth_of(frame) / scale.value
            found[number] = Quality(frame.psf.fwhm * size, depth)
    return found


def choose_frames(
    qualities: Mapping[str, Quality], most: int
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the names of the frames of a reference, and why others are left out.

    The deepest is first; of two that are as deep, the first by name. At least one of
    the qualities is needed.
    """
    left_out: dict[str, str] = {}
    sharpest = min(one.seeing for one in qualities.values())
    for name, one in qualities.items():
        if one.seeing > WIDEST * sharpest:
            left_out[name] = (
                f'Its seeing is {one.seeing:.2f}", more than {WIDEST} times the best, '
                f'{sharpest:.2f}".'
            )
    kept = {name: one for name, one in qualities.items() if name not in left_out}
    deepest = min(one.depth for one in kept.values())
    for name, one in kept.items():
        if one.depth > SHALLOWEST * deepest:
            left_out[name] = (
                f"Its 5 sigma flux is {one.depth / deepest:.2f} times that of the "
                f"deepest, more than {SHALLOWEST:g}."
            )
    order = sorted(set(kept) - set(left_out), key=lambda name: (kept[name].depth, name))
    for name in order[most:]:
        left_out[name] = f"The {most} that are taken are deeper."
    return order[:most], left_out
