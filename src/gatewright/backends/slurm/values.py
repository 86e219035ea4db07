"""Parses numbers, times and sizes in the notation of Slurm's commands."""

import re
from datetime import UTC, datetime

_NOTHING = frozenset({"", "N/A", "(null)", "NULL", "None", "Unknown", "UNLIMITED"})
_ENDLESS = frozenset({"UNLIMITED", "infinite", "NOT_SET", "INVALID", *_NOTHING})
_TIME = re.compile(r"(?:(\d+)-)?(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTP]?)[nc]?", re.ASCII)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_GPUS = re.compile(r"gpu(?::[^:,()]+)?:(\d+)", re.ASCII)


def moment(text: str) -> float | None:
    """Return a UTC time in seconds since 1970; None if there is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def seconds(text: str) -> float | None:
    """Return a duration (``1-02:03:04``, ``10:00``, ``61``) in seconds.

    None for no limit.
    """
    found = None if text in _ENDLESS else _TIME.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def size(text: str, unit: str) -> int | None:
    """Return a size in bytes; a plain number is in ``unit`` (``K``, ``M``, ...)."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    factor: int = 1024 ** _POWERS[found[2] or unit]
    return round(float(found[1]) * factor)


def count(text: str) -> int:
    """Return a number such as ``1.5K``, or the first of a range; 0 for none."""
    text = text.partition("-")[0]
    found = size(text, "")
    return found or 0


def memory(text: str) -> int:
    """Return the memory, in bytes, in a list of resources (``cpu=4,mem=1000M``)."""
    return size(resource(text, "mem"), "M") or 0


def resource(text: str, name: str) -> str:
    """Return the value of one of a list of resources; "" if it is not in the list."""
    pairs = (part.partition("=") for part in text.split(","))
    return next((value for found, _, value in pairs if found == name), "")


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a list with commas."""
    return tuple(filter(None, text.split(",")))


def gpus(text: str) -> int:
    """Return the number of GPUs in a list of generic resources."""
    return sum(map(int, _GPUS.findall(text)))


def cores(text: str) -> tuple[int, int]:
    """Return CPU cores in use and in total from ``ALLOCATED/IDLE/OTHER/TOTAL``."""
    parts = text.split("/")
    return count(parts[0]), count(parts[-1])


def given(text: str) -> str:
    """Return a text, but "" for the words with which Slurm means that there is none."""
    return "" if text in _NOTHING else text
