"""The headers of a response while middleware adds its own."""

from collections.abc import Iterable

Pair = tuple[bytes, bytes]
"""Name (lower case, as in ASGI) and value of a header."""


class Fields:
    """Headers of a response, to which more can be added.

    Parameters
    ----------
    pairs
        The headers that the response has.
    """

    __slots__ = ("_names", "_vary", "pairs")

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.pairs = list(pairs)
        self._names = {name for name, _ in self.pairs}
        self._vary: list[bytes] = []

    def get(self, name: bytes) -> bytes:
        """Return the first value of a header; empty if it is missing."""
        if name in self._names:
            for there, value in self.pairs:
                if there == name:
                    return value
        return b""

    def add(self, name: bytes, value: bytes) -> None:
        """Add a header beside others with its name."""
        self.pairs.append((name, value))
        self._names.add(name)

    def put(self, name: bytes, value: bytes) -> None:
        """Set a header, replacing others with its name."""
        if name in self._names:
            self.pairs = [pair for pair in self.pairs if pair[0] != name]
        self.add(name, value)

    def set_if_missing(self, pairs: Iterable[Pair]) -> None:
        """Add those headers that the response does not have."""
        self.pairs += [pair for pair in pairs if pair[0] not in self._names]

    def vary(self, name: bytes) -> None:
        """Add the name of a request header to ``Vary``."""
        self._vary.append(name)

    def finished(self) -> list[Pair]:
        """Return all headers, with the values of ``Vary`` in one header."""
        if not self._vary:
            return self.pairs
        there = [value for name, value in self.pairs if name == b"vary"]
        known = {name.strip().lower() for value in there for name in value.split(b",")}
        there += [name for name in self._vary if name.lower() not in known]
        rest = [pair for pair in self.pairs if pair[0] != b"vary"]
        return [*rest, (b"vary", b", ".join(there))]
