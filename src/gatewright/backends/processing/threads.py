"""Works on several parts of a task at once, in threads.

NumPy and SciPy release Python's global lock while they compute, so that two threads
take little more than half the time of one.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

MOST = 2
"""Most threads of a process: each works on a frame or a tile, which needs memory."""

S = TypeVar("S")
T = TypeVar("T")


def threads_of_each(processes: int) -> int:
    """Return how many threads each of ``processes`` may have, at least one.

    Together they have no more than the cores that this process may run on.
    """
    return max(1, min(MOST, len(os.sched_getaffinity(0)) // processes))


class Threads:
    """Implements :class:`gatewright.domains.processing.parallel.Parallel`.

    Parameters
    ----------
    number
        Most calls that run at once. While the caller works on a result, one less runs.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def map(self, function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        remaining = iter(items)
        with ThreadPoolExecutor(self._number) as pool:
            begun = deque(
                pool.submit(function, item) for item in islice(remaining, self._number)
            )
            while begun:
                yield begun.popleft().result()
                begun.extend(
                    pool.submit(function, item) for item in islice(remaining, 1)
                )
