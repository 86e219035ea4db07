"""The ids of many jobs, with the elements of an array as one: ``7_[0-3,8]``.

Slurm's commands take such an id for one order: held or released as a whole, an array
stays one record of the controller, while orders for elements make a record of each.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence


def together(numbers: Iterable[str]) -> list[str]:
    """Return ids of jobs, in which the elements of each array have become one id.

    Exactly these elements are in it. Steps, as in ``0-90:10``, stand in none: Slurm
    takes them for new arrays only.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for number in dict.fromkeys(numbers):
        array, between, index = number.partition("_")
        if index.isdecimal():
            found[array + between].append(int(index))
        else:
            found[number] = []
    return [
        number + (_ranges(sorted(indices)) if indices else "")
        for number, indices in found.items()
    ]


def _ranges(indices: Sequence[int]) -> str:
    """Return ascending indices as one, or as ``[0-3,8]`` if there are several."""
    if len(indices) == 1:
        return str(indices[0])
    there = set(indices)
    firsts = (index for index in indices if index - 1 not in there)
    lasts = (index for index in indices if index + 1 not in there)
    spans = zip(firsts, lasts, strict=True)
    return f"[{','.join(str(a) if a == b else f'{a}-{b}' for a, b in spans)}]"


def each(number: str) -> list[str]:
    """Return the ids of the jobs that an id of :func:`together` stands for."""
    array, between, spans = number.partition("_[")
    if not between:
        return [number]
    found = []
    for span in spans.removesuffix("]").split(","):
        first, _, last = span.partition("-")
        found += [f"{array}_{n}" for n in range(int(first), int(last or first) + 1)]
    return found


def selection(numbers: Iterable[str], least: int) -> list[str]:
    """Return ids to ask for, where these alone would be many.

    An array of which ``least`` elements or more are asked for is asked for as a whole:
    ``squeue`` and ``sacct`` take no ranges.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for number in numbers:
        found[number.partition("_")[0]].append(number)
    return [
        one
        for array, elements in found.items()
        for one in ([array] if len(elements) >= least else elements)
    ]
