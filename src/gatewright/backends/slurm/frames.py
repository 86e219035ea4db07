"""Frames: a header and data, as they stand in a pipe or a file."""

from struct import Struct
from typing import IO

_LENGTHS = Struct("<QQ")


def write_frame(file: IO[bytes], header: bytes, data: bytes = b"") -> None:
    """Write a frame: the lengths of both parts (64 bits each), and the parts."""
    file.write(_LENGTHS.pack(len(header), len(data)))
    file.write(header)
    file.write(data)
    file.flush()


def read_frame(file: IO[bytes], most: int) -> tuple[bytes, bytes]:
    """Return header and data of the next frame.

    Raises
    ------
    EOFError
        The file ends before the frame does.
    ValueError
        The frame is longer than ``most`` bytes.
    """
    start = file.read(_LENGTHS.size)
    if len(start) < _LENGTHS.size:
        raise EOFError
    lengths = _LENGTHS.unpack(start)
    if sum(lengths) > most:
        raise ValueError(f"A frame is longer than {most} bytes.")
    header, data = (file.read(length) for length in lengths)
    if (len(header), len(data)) != lengths:
        raise EOFError
    return header, data
