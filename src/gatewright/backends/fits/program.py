"""Functions that run in the reader processes: scanning and cutting image files.

See ``backends.readers`` for how they are called.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gatewright.backends.fits.box import Box, box_of
from gatewright.backends.fits.colour import colour_picture
from gatewright.backends.fits.cube import Cube
from gatewright.backends.fits.cut import fits_parts, fits_size, write_fits
from gatewright.backends.fits.padded import padded_parts, stamp_box
from gatewright.backends.fits.picture import Look, aligned_picture, picture
from gatewright.backends.fits.scan import scan_file
from gatewright.backends.fits.source import Source, load
from gatewright.backends.fits.together import together
from gatewright.backends.readers import Output
from gatewright.core.errors import InvalidRequest, TooLarge
from gatewright.domains.sky import (
    Circle,
    Colours,
    ImageKind,
    Limits,
    Orientation,
    Stretch,
    SurveyRules,
    parse_region,
)

__all__ = ["colour", "cut", "cut_together", "scan"]


def scan(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the images of the file ``path``, by the ``rules`` of its survey."""
    return scan_file(arguments["path"], SurveyRules(**arguments.get("rules", {})))


def cut(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Cut the ``region`` out of the HDU ``hdu`` of the file ``path``.

    Returns ``size``, the bytes of the cut-out. The cut-out itself is written to the
    file of the call, or to its shared memory, which stays empty if the cut-out does not
    fit. If the call has neither, it is returned as ``data``.

    Raises
    ------
    NotFound
        The region contains no pixel of the image.
    InvalidRequest
        The image has no plane of this number.
    InvalidContent
        A padded cut-out is requested for a region that is not a circle.
    TooLarge
        The answer would be above ``maximum`` bytes.
    """
    source = load(arguments["path"], arguments["identity"], arguments["hdu"])
    region = parse_region(arguments["region"])
    padded, is_picture = arguments["padded"], arguments["format"] != "fits"
    look = _look(arguments) if is_picture else None
    if look is not None and arguments["aligned"] and isinstance(region, Circle):
        image = aligned_picture(source, region, arguments["pixels"], look)
        return _answer([image], len(image), output)
    flat = (
        stamp_box(region, source.wcs, arguments["pixels"], arguments["arcsec"])
        if padded
        else box_of(region, source.wcs)
    )
    further = _planes(
        source.cube, arguments["plane"], single=look is not None or padded
    )
    box = replace(flat, further=further)
    if look is not None:
        image = picture(source, box, look)
        return _answer([image], len(image), output)
    if padded:
        flags = arguments["kind"] == ImageKind.MASK
        image = b"".join(padded_parts(source, box, flags=flags))
        return _answer([image], len(image), output)
    header, length, size = fits_size(source, box)
    _check_size(size, arguments["maximum"])
    if size <= len(output.window):
        write_fits(source, box, header, length, output)
        return {"size": size}
    return _answer(fits_parts(source, box, header, length), size, output)


def _look(arguments: dict[str, Any]) -> Look:
    """Return how the picture of a call looks."""
    name, low, high = arguments["stretch"]
    return Look(
        arguments["format"],
        Stretch(name, low, high, Limits(arguments["limits"]), arguments["colours"]),
        arguments["size"],
        Orientation(arguments["orientation"]),
        arguments["marks"],
        arguments["caption"],
    )


def cut_together(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Cut the ``images``, an image and its partners, at the same pixels.

    They become extensions of a FITS file; see
    :func:`gatewright.backends.fits.together.together`. It returns and writes what
    :func:`cut` does, and raises the same errors.
    """
    first = load(*arguments["images"][0][:3])
    region, padded = parse_region(arguments["region"]), arguments["padded"]
    flat = (
        stamp_box(region, first.wcs, arguments["pixels"], arguments["arcsec"])
        if padded
        else box_of(region, first.wcs)
    )
    number = arguments["plane"]
    sources: list[tuple[Source, ImageKind, Box]] = []
    for path, identity, hdu, kind in arguments["images"]:
        source = load(path, identity, hdu)
        # One mask can be that of all planes.
        plane = number if not sources or source.cube.planes > 1 else None
        single = padded or number is not None
        box = replace(flat, further=_planes(source.cube, plane, single=single))
        sources.append((source, ImageKind(kind), box))
    size, parts = together(sources, padded=padded, version=arguments["version"])
    _check_size(size, arguments["maximum"])
    return _answer(parts, size, output)


def _check_size(size: int, maximum: int) -> None:
    """Raise TooLarge if a cut-out has more than ``maximum`` bytes."""
    if size > maximum:
        raise TooLarge(
            f"The cut-out would be {size} bytes, more than the {maximum} that one "
            "answer may have. Ask for a smaller region, or take the whole file.",
            estimate_bytes=size,
            limit_bytes=maximum,
        )


def _planes(
    cube: Cube, number: int | None, *, single: bool
) -> tuple[tuple[int, int], ...]:
    """Return the range of each further axis: of one plane, or of the whole cube.

    ``number`` names a plane, counted from 1. Without it, ``single`` returns the plane
    that is shown.
    """
    if number is not None and number > cube.planes:
        raise InvalidRequest(
            f"This image has {cube.planes} planes, counted from 1."
            if cube.planes > 1
            else "This image has one plane; leave “plane” out."
        )
    if number is None and not single:
        return tuple((0, length) for length in cube.lengths)
    plane = cube.shown() if number is None else cube.place(number - 1)
    return tuple((n, n + 1) for n in plane)


def colour(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Draw the ``images`` for red, green and blue as one picture.

    Returns ``size``, its bytes; it is written as :func:`cut` writes a cut-out.

    Raises
    ------
    NotFound
        The place has no pixel of an image.
    TooLarge
        The place has too many pixels.
    """
    red, green, blue = (load(*image) for image in arguments["images"])
    told = arguments["colours"]
    black, unit = (told[n] and tuple(told[n]) for n in ("black", "unit"))
    colours = Colours(**{**told, "black": black, "unit": unit})
    place = Circle(*arguments["place"])
    image = colour_picture(
        (red, green, blue),
        place,
        arguments["pixels"],
        colours,
        arguments["format"],
        marks=arguments["marks"],
    )
    return _answer([image], len(image), output)


def _answer(
    parts: Iterable[bytes | bytearray], size: int, output: Output
) -> dict[str, Any]:
    if output.file is not None:
        for part in parts:
            output.file.write(part)
    elif not len(output.window):
        return {"size": size, "data": b"".join(parts)}
    elif size <= len(output.window):
        for part in parts:
            output.write(part)
    return {"size": size}
