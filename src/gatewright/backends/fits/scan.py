"""All images of one file: outlines and what their headers tell."""

import zlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np
from astropy.io import fits

from gatewright.backends.fits.blocks import Block, walk
from gatewright.backends.fits.cube import (
    image_axes,
    image_cube,
    polarizations,
    wavelengths,
)
from gatewright.backends.fits.files import OpenFile, identity, open_image_file
from gatewright.backends.fits.image_wcs import make_image_wcs, outline, pixel_size
from gatewright.backends.fits.metadata import Headers, describe
from gatewright.backends.fits.quiet import quiet
from gatewright.backends.fits.tables import is_lookup_table, lookup_tables
from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import geometry

_REASONS = 20


def scan_file(path: str) -> dict[str, Any]:
    """Return the images of a file, and why others were left out.

    The answer has ``identity``, ``size`` (bytes), ``images`` (a list of fields) and
    ``left_out`` (a list of reasons).
    """
    found: dict[str, Any] = {"images": [], "left_out": []}
    with open_image_file(path) as file, quiet():
        found["identity"] = identity(file.descriptor)
        try:
            _scan_blocks(file, path, found)
        except (InvalidContent, OSError, EOFError, zlib.error) as error:
            found["left_out"].append(_reason(error))
    if not found["images"] and not found["left_out"]:
        found["left_out"].append("no image in it")
    found["left_out"] = found["left_out"][:_REASONS]
    return found


def _reason(error: Exception) -> str:
    return error.text if isinstance(error, InvalidContent) else "it cannot be unpacked"


def _scan_blocks(file: OpenFile, path: str, found: dict[str, Any]) -> None:
    primary = fits.Header()
    for block in walk(file.stream, file.size):
        if block.number == 0:
            primary = parse_header(block.header)
        if is_lookup_table(block) or not (block.is_image or block.is_compressed_image):
            continue
        try:
            own = image_header(block, path)
            found["images"].append(_image(file, block.number, own, primary, path))
        except InvalidContent as error:
            found["left_out"].append(f"HDU {block.number}: {error.text}")
        except Exception:  # noqa: BLE001  # astropy raises many kinds for bad cards
            reason = f"HDU {block.number}: its header cannot be understood"
            found["left_out"].append(reason)


def parse_header(raw: bytes) -> fits.Header:
    """Return a header from its cards."""
    return fits.Header.fromstring(raw.decode("ascii", "replace"))


def image_header(block: Block, path: str) -> fits.Header:
    """Return the header of an image; that of a compressed one as if it were not.

    Raises
    ------
    InvalidContent
        A compressed image cannot be understood.
    """
    if block.is_image:
        return parse_header(block.header)
    try:
        with quiet(), fits.open(path, memmap=False, lazy_load_hdus=True) as hdus:
            hdu = hdus[block.number]
            known = isinstance(hdu, fits.CompImageHDU)
            header: fits.Header = hdu.header.copy()
    except Exception as error:  # astropy raises many kinds for bad tables
        raise InvalidContent("its compressed image is damaged") from error
    if not known:
        raise InvalidContent("its compressed image is damaged")
    return header


def _image(
    file: OpenFile, number: int, own: fits.Header, primary: fits.Header, path: str
) -> dict[str, Any]:
    width, height = image_axes(own)[:2]
    wcs = make_image_wcs(own, width, height, lookup_tables(file, own))
    polygon = outline(wcs)
    x, y = wcs.centre
    ra, dec = wcs.to_sky(np.array([x]), np.array([y]))
    corners = geometry.unit_vectors(*np.asarray(polygon).T)
    reach = geometry.angle(corners, geometry.unit_vectors(ra, dec)).max()
    scale = pixel_size(wcs)
    told = describe(Headers(own, primary), PurePath(path).name, scale)
    cube = image_cube(own)
    told |= {
        "planes": cube.planes,
        "samples": cube.samples,
        "polarizations": polarizations(own, cube),
    }
    edges = wavelengths(own, cube)
    if edges is not None:
        told |= {"em_min": edges[0], "em_max": edges[1]}
    place = {
        "hdu": number,
        "width": width,
        "height": height,
        "polygon": [list(vertex) for vertex in polygon],
        "ra": float(ra[0]),
        "dec": float(dec[0]),
        "fov": float(np.degrees(2 * reach)),
        "scale": scale,
    }
    return told | place


def find_block(file: OpenFile, number: int) -> tuple[Block, Block]:
    """Return the primary HDU and the one of a number.

    Raises
    ------
    InvalidContent
        The file has no such image.
    """
    first: Block | None = None
    for block in _until(walk(file.stream, file.size), number):
        first = first or block
        if block.number == number:
            return first, block
    raise InvalidContent("The file has no such image any more.")


def _until(blocks: Iterator[Block], number: int) -> Iterator[Block]:
    for block in blocks:
        yield block
        if block.number >= number:
            return
