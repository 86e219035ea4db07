"""The functions of the processing workers: read, coadd, subtract, measure.

A product is one FITS file. Its report follows the end of the FITS data as JSON, and
then the length of the JSON as eight bytes; the gateway removes both when it keeps the
file.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gatewright import __version__
from gatewright.backends.processing.catalogue import calibrate, calibration_answer
from gatewright.backends.processing.loading import load_frame
from gatewright.backends.processing.product_file import cropped, write_planes
from gatewright.backends.processing.report import (
    alignment_answer,
    finite,
    psf_answer,
    ratio_answer,
)
from gatewright.backends.processing.sides import MARGIN, Sides
from gatewright.backends.processing.threads import Threads
from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.backends.readers import Output
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.domains.processing import Calibration, Circle, Plane, photometry
from gatewright.domains.processing import coadd as coadding
from gatewright.domains.processing.detecting import detect
from gatewright.domains.processing.differencing import Difference, subtract_frames
from gatewright.domains.processing.parallel import SERIAL
from gatewright.domains.processing.prepared import Prepared, prepare
from gatewright.domains.processing.references import measure_qualities

__all__ = ["coadd", "difference", "light_curve", "qualities"]

_FOURIER = ScipyFourier()
_BYTES_COMPARED = 220
"""Memory for each pixel of a frame whose quality is measured."""


def coadd(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Combine the frames of ``side``, within the circle ``place`` if there is one."""
    began = time.perf_counter()
    sides = _sides(arguments)
    made = sides.combined(arguments["side"])
    planes: dict[str, np.ndarray] = {
        Plane.COADD: _known(made.frame.values, made.frame),
        Plane.WEIGHT: _weight(made.frame.noise, made.frame),
    }
    told: dict[str, object] = {
        **_common(began),
        "method": arguments["side"]["method"],
        "side": made.told,
        "noise_factor": made.frame.factor,
        "depth": coadding.depth_of(made.frame),
        "psf": psf_answer(made.frame),
        "zero_point": _zero_point(made.frame, arguments["side"]["frames"], arguments),
    }
    box = cropped(made.frame.projection, made.frame.values.shape, sides.place)
    told["pixels"] = {
        "all": made.frame.bad[box].size,
        "empty": int(np.count_nonzero(made.frame.bad[box])),
    }
    extra = {"GAIN": made.frame.gain}
    grid = made.frame.projection
    return write_planes(output, planes, made.cards, grid, box, extra, told)


def difference(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Subtract the frames of ``reference`` from those of ``science``, and detect."""
    began = time.perf_counter()
    sides = _sides(arguments)
    place, threads = sides.place, sides.threads
    given = [arguments["science"], arguments["reference"]]
    # A coadd has the threads for its frames: two at a time would take too many.
    single = all(len(side["frames"]) == 1 for side in given)
    science, reference = (threads if single else SERIAL).map(sides.single, given)
    found = subtract_frames(science.frame, reference.frame, _FOURIER, threads)
    noise = np.full(found.values.shape, found.noise, np.float32)
    planes: dict[str, np.ndarray] = {
        Plane.DIFFERENCE: _known(found.values, found),
        Plane.SCORE: _known(found.score, found),
        Plane.WEIGHT: _weight(noise, found),
        Plane.SCIENCE: _known(found.science.values, found.science),
        Plane.REFERENCE: _known(
            found.reference.values * np.float32(found.ratio.value), found.reference
        ),
    }
    box = cropped(found.science.projection, found.values.shape, place)
    told = {
        **_common(began),
        "method": "zogy",
        "science": science.told,
        "reference": reference.told,
        "noise_factor": found.factor,
        "level": found.level,
        "flux_ratio": ratio_answer(found.ratio),
        # Fluxes of the difference are in units of the science image.
        "zero_point": _zero_point(
            science.frame, arguments["science"]["frames"], arguments
        ),
        "shift": alignment_answer(found.alignment),
        "psf": {
            "science": psf_answer(found.science),
            "reference": psf_answer(found.reference),
        },
        "detections": _detections(found, box),
    }
    extra = {"GAIN": found.science.gain}
    grid = found.science.projection
    return write_planes(output, planes, science.cards, grid, box, extra, told)


def light_curve(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the flux at ``ra`` and ``dec`` (degrees) in each of the ``frames``.

    A frame of a survey among ``catalogues`` has a zero point, and a magnitude, too.

    Raises
    ------
    NotFound
        No frame could be measured at the position.
    """
    ra, dec = arguments["ra"], arguments["dec"]
    around = Circle(ra, dec, arguments["around"])
    first: Prepared | None = None
    points: list[dict[str, Any]] = []
    fitted: dict[int, photometry.Fitted] = {}
    zeros: dict[int, Calibration | str | None] = {}
    for number, ref in enumerate(arguments["frames"]):
        points.append({"reason": None})
        try:
            frame = prepare(load_frame(ref, around, 0))
        except (Conflict, InvalidContent, NotFound) as error:
            points[number]["reason"] = error.text
            continue
        first = first or frame
        fitted[number] = photometry.fit(first, frame, ra, dec)
        zeros[number] = _calibration(frame, [ref], arguments)
    if not fitted:
        raise NotFound(
            "No frame could be measured at this position. The first frame: "
            + (points[0]["reason"] if points else "there is none."),
        )
    scaled = photometry.on_one_scale(list(fitted.values()))
    for number, found in zip(fitted, scaled, strict=True):
        zero = zeros[number]
        points[number] = {
            "flux": found.flux,
            "error": found.error,
            "upper_limit": found.upper_limit,
            "scale": ratio_answer(found.scale),
            "reason": found.reason,
            "zero_point": calibration_answer(zero),
        }
        if isinstance(zero, Calibration):
            points[number] |= photometry.magnitudes(found, zero)
    return {"points": finite(points), "first": next(iter(fitted))}


def qualities(arguments: dict[str, Any], _output: Output) -> dict[str, Any]:
    """Measure the seeing and the depth of frames around a position.

    Each has ``seeing`` and ``depth``, or the ``reason`` why they are unknown. Frames
    that come after the memory of the process is full are not compared.
    """
    around = Circle(arguments["ra"], arguments["dec"], arguments["around"])
    memory, held = arguments["memory"], 0
    told: list[dict[str, Any]] = []
    measured: list[tuple[dict[str, Any], Prepared]] = []
    for ref in arguments["frames"]:
        one: dict[str, Any] = {"seeing": None, "depth": None, "reason": None}
        told.append(one)
        try:
            loaded = load_frame(ref, around, MARGIN)
            needed = held + loaded.values.size * _BYTES_COMPARED
            if needed > memory:
                one["reason"] = (
                    f"It is not compared: with the {len(measured)} frames before it, "
                    f"that needs about {needed >> 20} MiB of memory, and a process has "
                    f"{memory >> 20}."
                )
                continue
            frame = prepare(loaded)
        except (Conflict, InvalidContent, NotFound) as error:
            one["reason"] = error.text
            continue
        measured.append((one, frame))
        held += sum(
            pixels.nbytes
            for pixels in (frame.values, frame.noise, frame.bad, frame.saturated)
        )
    found = measure_qualities([frame for _, frame in measured])
    for (one, _), quality in zip(measured, found, strict=True):
        if quality is None:
            one["reason"] = "It shares no star with the others to compare fluxes by."
        else:
            one.update(asdict(quality))
    return {"frames": told}


def _zero_point(
    frame: Prepared, refs: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]
) -> dict[str, object] | None:
    return calibration_answer(_calibration(frame, refs, arguments))


def _calibration(
    frame: Prepared, refs: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]
) -> Calibration | str | None:
    """Return the zero point of a frame, or of a coadd of frames, or why it has none."""
    catalogues = arguments.get("catalogues", {})
    named = [catalogues.get(survey) for survey in refs[0]["surveys"]]
    told = next((one for one in named if one is not None), None)
    bands = {ref["band"] for ref in refs}
    if told is not None and len(bands) > 1:
        return "Its images are of several bands, and a zero point is of one."
    return calibrate(frame, refs[0]["band"], told)


def _sides(arguments: Mapping[str, Any]) -> Sides:
    place = arguments.get("place")
    return Sides(
        None if place is None else Circle(*place),
        arguments["memory"],
        Threads(arguments.get("threads", 1)),
    )


def _detections(found: Difference, box: tuple[slice, slice]) -> list[dict[str, Any]]:
    """Return the detections within a box, with x and y relative to the box."""
    rows, columns = box
    kept: list[dict[str, Any]] = []
    for one in detect(found):
        if rows.start <= one.y < rows.stop and columns.start <= one.x < columns.stop:
            told = asdict(one)
            told["number"] = len(kept) + 1
            told["x"], told["y"] = one.x - columns.start, one.y - rows.start
            kept.append(told)
    return kept


def _known(values: np.ndarray, frame: Prepared | Difference) -> np.ndarray:
    return np.where(frame.bad, np.float32(np.nan), values)


def _weight(noise: np.ndarray, frame: Prepared | Difference) -> np.ndarray:
    known = noise * np.float32(frame.factor)
    return np.where(frame.bad, np.float32(0), 1 / known**2).astype(np.float32)


def _common(began: float) -> dict[str, object]:
    return {
        "version": __version__,
        "numpy": np.__version__,
        "seconds": round(time.perf_counter() - began, 3),
    }
