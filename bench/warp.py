"""Resampling an image of 2048 x 2048 pixels to a grid turned by one degree.

The image has TAN, SIP and TPV projections in turn, with isolated stars on a flat sky.
Ours and SWarp (Lanczos3, weights, no background, two threads) read a FITS file and
write the pixels and their weights; reproject_interp (bicubic) is given the pixels. The
accuracy of each is printed beside the times: the largest error of our positions, and
of the stars' fluxes and centroids. Those are bound to 0.001 pixels, 0.001 and 0.005
pixels. GATEWRIGHT_BENCH_SIDE sets another number of pixels, and
GATEWRIGHT_BENCH_ROUNDS of repeats.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from tests.support.fields import Sky, gaussian_stars, tangent

from bench.support.peers import Times, command, compare, own, package, swarp
from gatewright.domains.processing.sources import middles, stamps
from gatewright.domains.processing.warp import place, resample

SIDE = int(os.environ.get("GATEWRIGHT_BENCH_SIDE", "2048"))
ROUNDS = int(os.environ.get("GATEWRIGHT_BENCH_ROUNDS", "5"))
FWHM, FLUX = 3.0, 1e5
_APART = 60
_RADIUS = 14


@dataclass(frozen=True, slots=True)
class Scene:
    """An image with stars, and the grid to which it is resampled."""

    image: Sky
    grid: Sky
    x: np.ndarray
    y: np.ndarray
    """Positions of the stars on the grid."""
    area: np.ndarray
    """Pixels of the image that a pixel of the grid covers, at the stars."""
    path: Path
    header: Path
    """Text file with the header of the grid."""


def scene(kind: str, folder: Path) -> Scene:
    """Write an image of stars with a projection of a kind, and the grid's header."""
    middle = (SIDE - 1) / 2
    # A fifth of it changes the size of pixels by one per cent, as TPV does here.
    image = tangent(middle, middle, kind=kind, bend=0.2)
    grid = tangent(middle - 0.4, middle + 0.3, turn=1.0)
    at = np.arange(_APART, SIDE - _APART, _APART, dtype=float)
    random = np.random.default_rng(4)
    x, y = (part.ravel() for part in np.meshgrid(at, at))
    x, y = (part + random.uniform(-0.5, 0.5, len(part)) for part in (x, y))
    light = gaussian_stars((SIDE, SIDE), x, y, np.full(len(x), FLUX), FWHM)
    path, header = folder / f"{kind}.fits", folder / f"{kind}.txt"
    own_header = image.wcs.to_header(relax=True)
    fits.PrimaryHDU(light.astype("f4"), own_header).writeto(path)
    cards = grid.wcs.to_header()
    cards["NAXIS"], cards["NAXIS1"], cards["NAXIS2"] = 2, SIDE, SIDE
    cards.totextfile(header)
    there = grid.to_pixels(*image.to_sky(x, y))
    steps = [
        np.array(image.to_pixels(*grid.to_sky(there[0] + dx, there[1] + dy)))
        for dx, dy in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))
    ]
    right, up = steps[0] - steps[1], steps[2] - steps[3]
    area = np.abs(right[0] * up[1] - right[1] * up[0])
    return Scene(image, grid, there[0], there[1], area, path, header)


def ours(scene: Scene, out: Path) -> None:
    """Read the image, resample it, and write pixels and weights."""
    values = fits.getdata(scene.path).astype(np.float32)
    bad = ~np.isfinite(values)
    placement = place(scene.grid, (SIDE, SIDE), scene.image)
    found, lost, change = resample(values, bad, placement)
    # The image has no weights, so that all pixels have the same noise.
    weight = np.where(lost, np.float32(0), 1 / (change * change))
    fits.PrimaryHDU(found).writeto(out, overwrite=True)
    fits.PrimaryHDU(weight).writeto(out.with_suffix(".weight.fits"), overwrite=True)


def by_swarp(path: str, scene: Scene, folder: Path) -> Times:
    """Resample with SWarp."""
    cards = fits.Header.fromtextfile(scene.header)
    text = cards.tostring(sep="\n", endcard=True, padding=False)
    (folder / "grid.head").write_text(text + "\n", encoding="ascii")
    given = {
        "IMAGEOUT_NAME": "grid.fits", "WEIGHTOUT_NAME": "grid.weight.fits",
        "RESAMPLE_DIR": ".", "RESAMPLING_TYPE": "LANCZOS3", "OVERSAMPLING": "1",
        "SUBTRACT_BACK": "N", "COMBINE": "N", "FSCALASTRO_TYPE": "NONE",
        "WRITE_XML": "N", "VERBOSE_TYPE": "QUIET",
    }  # fmt: skip
    options = [part for name, value in given.items() for part in (f"-{name}", value)]
    return command([path, str(scene.path), *options], folder)


def worst_place(scene: Scene) -> float:
    """Return the largest error of our positions over the grid, pixels."""
    rows = slice(0, SIDE)
    found = place(scene.grid, (SIDE, SIDE), scene.image).at(rows, rows)
    y, x = np.indices((SIDE, SIDE), dtype=float)[:, ::37, ::41]
    true = scene.image.to_pixels(*scene.grid.to_sky(x.ravel(), y.ravel()))
    return max(
        float(np.abs(f[::37, ::41].ravel() - t).max())
        for f, t in zip(found, true, strict=True)
    )


def accuracy(scene: Scene, values: Any, *, bright: bool) -> str:
    """Return the largest errors of the fluxes and centroids of stars, as text.

    With ``bright``, the values are surface brightness: fluxes have not changed with
    the area of a pixel.
    """
    image = np.nan_to_num(values).astype(np.float32)
    edge = _APART
    inner = (
        (scene.x > edge) & (scene.x < SIDE - edge)
        & (scene.y > edge) & (scene.y < SIDE - edge)
    )  # fmt: skip
    x, y, area = scene.x[inner], scene.y[inner], scene.area[inner]
    light = stamps(image, x, y, _RADIUS).sum(axis=(1, 2), dtype=np.float64) / FLUX
    light *= area if bright else 1.0
    found_x, found_y, _ = middles(image, x, y, FWHM)
    apart = np.hypot(found_x - x, found_y - y)
    return (
        f"fluxes within {np.abs(light - 1).max():.1e}, centroids within "
        f"{apart.max():.1e} pixels, of {len(x)} stars"
    )


def run(kind: str, folder: Path, program: str | None) -> None:
    """Compare the three for one kind of projection."""
    made, out = scene(kind, folder), folder / f"{kind}.ours.fits"
    mine, theirs, bicubic = [], [], []
    for _ in range(ROUNDS):
        mine.append(own(lambda: ours(made, out)))
        if program:
            theirs.append(by_swarp(program, made, folder))
    print(
        f"{kind}, ours: positions within {worst_place(made):.1e} pixels, "
        f"{accuracy(made, fits.getdata(out), bright=False)}"
    )
    if program:
        found = fits.getdata(folder / f"{kind}.resamp.fits")
        told = accuracy(made, found, bright=True)
        unknown = " (it does not know SIP)" if kind == "SIP" else ""
        print(f"{kind}, SWarp: {told}{unknown}")
        compare(f"{kind}, against SWarp", mine, theirs)
    pixels = folder / "bicubic.npy"
    arguments = "interpolate", str(made.path), str(made.header), str(pixels)
    for _ in range(2):
        told = package("reproject", *arguments)
        if told is None:
            return
        bicubic.append(Times(**told))
    print(f"{kind}, reproject: {accuracy(made, np.load(pixels), bright=True)}")
    compare(f"{kind}, against reproject_interp", mine, bicubic)


def main() -> None:
    """Run the benchmark."""
    program = swarp()
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("TAN", "SIP", "TPV"):
            run(kind, Path(folder), program)


if __name__ == "__main__":
    main()
