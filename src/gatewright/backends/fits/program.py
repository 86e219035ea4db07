"""Image files, as the reader processes do them (see ``backends.readers``)."""

from collections.abc import Iterable
from typing import Any

from gatewright.backends.fits.box import box_of
from gatewright.backends.fits.cut import fits_parts, fits_size
from gatewright.backends.fits.picture import picture
from gatewright.backends.fits.scan import scan_file
from gatewright.backends.fits.source import Source, load
from gatewright.backends.readers import Output
from gatewright.core.errors import TooLarge
from gatewright.domains.sky import Orientation, Stretch, parse_region

__all__ = ["cut", "scan"]


def scan(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the images of the file ``path``; see :func:`scan.scan_file`."""
    return scan_file(arguments["path"])


def cut(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Cut the ``region`` out of the image ``hdu`` of the file ``path``.

    The bytes go to the file of the call, if it has one, or to its window, if they fit;
    a window that stays empty says that they do not. A call without either returns
    them as ``data``.

    Raises
    ------
    NotFound
        The region has no pixel of the image.
    TooLarge
        The answer would be above ``maximum`` bytes.
    """
    source = load(arguments["path"], arguments["identity"], arguments["hdu"])
    box = box_of(parse_region(arguments["region"]), source.plate)
    if arguments["format"] == "png":
        image = picture(
            source,
            box,
            Stretch(*arguments["stretch"]),
            arguments["size"],
            Orientation(arguments["orientation"]),
        )
        return _answer([image], len(image), output)
    header, length, size = fits_size(source, box)
    _check(size, arguments["maximum"], source)
    parts = fits_parts(source, box, header, length)
    return _answer(parts, size, output)


def _check(size: int, maximum: int, source: Source) -> None:
    if size > maximum:
        raise TooLarge(
            f"The cut-out would be {size} bytes, more than the {maximum} that one "
            "answer may have. Ask for a smaller region, or take the whole file.",
            estimate_bytes=size,
            limit_bytes=maximum,
        )


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
