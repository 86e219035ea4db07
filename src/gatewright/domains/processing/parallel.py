"""Works on independent parts of a task, one after another or several at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class Parallel(Protocol):
    """Calls a function for each of several items, which do not depend on each other.

    Results come in the order of the items, so that sums over them are the same however
    many calls run at once.
    """

    def map(self, function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        """Yield the result for each item, in order.

        Only a few results are held at once: an item is begun when it is needed, or a
        little before. An error of a call is raised where its result would come.
        """
        ...


class Serial:
    """Implements :class:`Parallel` with one call after another."""

    def map(self, function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        return map(function, items)


SERIAL = Serial()
