"""Describes all images of a file: outline and header values."""

import zlib
from pathlib import PurePath
from typing import Any

from gatewright.backends.fits.blocks import Block, walk
from gatewright.backends.fits.cube import (
    image_axes,
    image_cube,
    polarizations,
    wavelengths,
)
from gatewright.backends.fits.files import OpenFile, identity, open_image_file
from gatewright.backends.fits.header import Header
from gatewright.backends.fits.headers import Headers
from gatewright.backends.fits.image_wcs import make_image_wcs
from gatewright.backends.fits.metadata import describe
from gatewright.backends.fits.outline import footprint
from gatewright.backends.fits.packed import image_header
from gatewright.backends.fits.quiet import quiet
from gatewright.backends.fits.tables import is_lookup_table, lookup_tables
from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import SurveyRules

_REASONS = 20
_USUAL = SurveyRules()


def scan_file(path: str, rules: SurveyRules = _USUAL) -> dict[str, Any]:
    """Return the images of a file, described by a survey's rules.

    The result has ``identity``, ``images`` (a list of fields, see :func:`describe`) and
    ``left_out`` (why other images, or the file, were left out).

    Raises
    ------
    NotFound
        The file is gone, or may not be read.
    """
    images: list[dict[str, Any]] = []
    left_out: list[str] = []
    name = PurePath(path).name
    with open_image_file(path) as file, quiet():
        known = identity(file.descriptor)
        primary: Header | None = None
        try:
            for block in walk(file.stream, file.size):
                primary = primary or block.header
                packed = block.is_compressed_image
                if is_lookup_table(block) or not (block.is_image or packed):
                    continue
                hdu = f"HDU {block.number}"
                try:
                    own = image_header(block.header) if packed else block.header
                    fields = _image(file, Headers(own, primary), name, rules)
                    images.append(fields | {"hdu": block.number})
                except InvalidContent as error:
                    left_out.append(f"{hdu}: {error.text}")
                except Exception:  # noqa: BLE001  # astropy raises many kinds for bad cards
                    left_out.append(f"{hdu}: its header cannot be understood")
        except InvalidContent as error:
            left_out.append(error.text)
        except (OSError, EOFError, zlib.error):
            left_out.append("it cannot be unpacked")
    if not images and not left_out:
        left_out.append("no image in it")
    return {"identity": known, "images": images, "left_out": left_out[:_REASONS]}


def _image(
    file: OpenFile, headers: Headers, name: str, rules: SurveyRules
) -> dict[str, Any]:
    own = headers.own
    width, height = image_axes(own)[:2]
    place = footprint(make_image_wcs(own, width, height, lookup_tables(file, own)))
    told = describe(headers, name, place.scale, rules)
    cube = image_cube(own)
    told |= {
        "planes": cube.planes,
        "samples": cube.samples,
        "polarizations": polarizations(own, cube),
    }
    edges = wavelengths(own, cube)
    if edges is not None:
        told |= {"em_min": edges[0], "em_max": edges[1]}
    return told | {
        "width": width,
        "height": height,
        "polygon": place.polygon,
        "pieces": place.pieces,
        "ra": place.ra,
        "dec": place.dec,
        "fov": place.fov,
        "scale": place.scale,
    }


def find_block(file: OpenFile, number: int) -> tuple[Block, Block]:
    """Return the primary HDU and the HDU of a number.

    Raises
    ------
    InvalidContent
        The file has no HDU of this number.
    """
    first: Block | None = None
    for block in walk(file.stream, file.size):
        first = first or block
        if block.number == number:
            return first, block
    raise InvalidContent("The file has no such image any more.")
