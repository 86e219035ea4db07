"""Compares the digests that a client announces for an upload with its content."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

from gatewright.core.errors import InvalidRequest
from gatewright.domains.files.model import Algorithm


class Digests:
    """Computes digests of an upload and compares them with the announced ones.

    Parameters
    ----------
    expected
        Announced digest by algorithm.
    """

    def __init__(self, expected: Mapping[Algorithm, bytes]) -> None:
        self._expected = dict(expected)
        self._found = {
            name: hashlib.new(name, usedforsecurity=False) for name in expected
        }

    async def add(self, blocks: Sequence[bytes]) -> None:
        """Add the next bytes of the upload; the digests are computed in a thread."""
        if not self._found:
            return
        given = list(blocks)

        def update() -> None:
            for found in self._found.values():
                for block in given:
                    found.update(block)

        await asyncio.to_thread(update)

    def check(self) -> None:
        """Refuse an upload whose digest differs from the announced one.

        Raises
        ------
        InvalidRequest
            A digest differs.
        """
        for name, expected in self._expected.items():
            if self._found[name].digest() != expected:
                raise InvalidRequest(
                    f"The {name} of the received bytes differs from the one in the "
                    "request, so nothing was written. Send the file again.",
                    algorithm=str(name),
                )
