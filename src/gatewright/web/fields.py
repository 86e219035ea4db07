"""The header fields of one answer, while the gateway adds its own."""

from collections.abc import Iterable

Pair = tuple[bytes, bytes]
"""Name, in lower case as ASGI has it, and value of a field."""


class Fields:
    """Header fields that more are added to.

    Parameters
    ----------
    pairs
        The fields that the answer has.
    """

    __slots__ = ("_names", "_vary", "pairs")

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.pairs = list(pairs)
        self._names = {name for name, _ in self.pairs}
        self._vary: list[bytes] = []

    def get(self, name: bytes) -> bytes:
        """Return the first value of a field; empty if it is not there."""
        if name in self._names:
            for there, value in self.pairs:
                if there == name:
                    return value
        return b""

    def add(self, name: bytes, value: bytes) -> None:
        """Add a field, beside others of its name."""
        self.pairs.append((name, value))
        self._names.add(name)

    def put(self, name: bytes, value: bytes) -> None:
        """Give a field this one value."""
        if name in self._names:
            self.pairs = [pair for pair in self.pairs if pair[0] != name]
        self.add(name, value)

    def set_if_missing(self, pairs: Iterable[Pair]) -> None:
        """Add those fields that are not there."""
        self.pairs += [pair for pair in pairs if pair[0] not in self._names]

    def vary(self, name: bytes) -> None:
        """Say that the answer depends on a field of the request (``Vary``)."""
        self._vary.append(name)

    def finished(self) -> list[Pair]:
        """Return all fields, with one ``Vary`` of all that the answer depends on."""
        if not self._vary:
            return self.pairs
        there = [value for name, value in self.pairs if name == b"vary"]
        known = {name.strip().lower() for value in there for name in value.split(b",")}
        there += [name for name in self._vary if name.lower() not in known]
        rest = [pair for pair in self.pairs if pair[0] != b"vary"]
        return [*rest, (b"vary", b", ".join(there))]
