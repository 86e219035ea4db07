"""Small pictures: a canvas, colours, text, and the PNG file format."""

import struct
import zlib
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.font import ADVANCE, HEIGHT, text_mask

Pixels = npt.NDArray[np.uint8]
INK = (32, 36, 42)
PALE = (176, 182, 190)
PAPER = (255, 255, 255)
MISSING = (214, 217, 222)
CURVE = (33, 102, 172)
SCALE = 2
LINE = HEIGHT * SCALE

# Nine colours of viridis (S. van der Walt and N. Smith, 2015, CC0), evenly spaced: its
# lightness rises evenly, so it is read right in grey and by the colour-blind.
_VIRIDIS = (
    *((68, 1, 84), (71, 45, 123), (59, 82, 139), (44, 114, 142), (33, 145, 140)),
    *((40, 174, 128), (94, 201, 98), (173, 220, 48), (253, 231, 37)),
)


def colours(values: npt.NDArray[np.floating], low: float, high: float) -> Pixels:
    """Return colours for values of any shape, as that shape and three bytes."""
    width = high - low
    part = np.zeros(values.shape) if width <= 0 else (values - low) / width
    known = np.isfinite(part)
    place = np.clip(np.where(known, part, 0.0), 0.0, 1.0) * (len(_VIRIDIS) - 1)
    points = np.arange(len(_VIRIDIS))
    channels = [
        np.interp(place, points, [colour[channel] for colour in _VIRIDIS])
        for channel in range(3)
    ]
    found = np.round(np.stack(channels, -1)).astype(np.uint8)
    found[~known] = MISSING
    return found


def canvas(width: int, height: int) -> Pixels:
    """Return white pixels of shape (height, width, 3)."""
    return np.full((height, width, 3), PAPER, np.uint8)


def text_width(text: str) -> int:
    """Return the pixels that a line of text is wide."""
    return len(text) * ADVANCE * SCALE


def draw_text(
    pixels: Pixels,
    x: float,
    y: float,
    text: str,
    *,
    align: float = 0.0,
    colour: tuple[int, int, int] = INK,
) -> None:
    """Write a line; ``align`` is 0 to begin at x, 0.5 to be centred, 1 to end there.

    What would stand outside the picture is cut off.
    """
    mask = text_mask(text, SCALE)
    left, top = round(x - align * mask.shape[1]), round(y)
    right = max(0, min(pixels.shape[1], left + mask.shape[1]))
    bottom = max(0, min(pixels.shape[0], top + mask.shape[0]))
    first_x, first_y = max(0, left), max(0, top)
    if first_x >= right or first_y >= bottom:
        return
    part = mask[first_y - top : bottom - top, first_x - left : right - left]
    pixels[first_y:bottom, first_x:right][part] = colour


def draw_frame(pixels: Pixels, x: int, y: int, width: int, height: int) -> None:
    """Draw a frame of one pixel round an area."""
    pixels[y - 1, x - 1 : x + width + 1] = PALE
    pixels[y + height, x - 1 : x + width + 1] = PALE
    pixels[y - 1 : y + height + 1, x - 1] = PALE
    pixels[y - 1 : y + height + 1, x + width] = PALE


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return a picture in another size, each pixel that of the nearest cell."""
    rows = (np.arange(height) + 0.5) * pixels.shape[0] / height
    columns = (np.arange(width) + 0.5) * pixels.shape[1] / width
    found: Pixels = pixels[rows.astype(int)][:, columns.astype(int)]
    return found


def write_png(pixels: Pixels, file: BinaryIO, texts: dict[str, str]) -> None:
    """Write a picture as PNG (W3C Recommendation, 3rd edition, 2025): 8 bits, RGB."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    for key, text in texts.items():
        data = key.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
        _chunk(file, b"iTXt", data)
    _chunk(file, b"IDAT", zlib.compress(rows.tobytes(), 6))
    _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    check = struct.pack(">I", zlib.crc32(kind + data))
    file.write(struct.pack(">I", len(data)) + kind + data + check)
