"""What a format gives: an open source of arrays."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from gatewright.domains.arrays import Description, Hyperslab


class GriddedFile(Protocol):
    """An open file, or whatever else holds arrays, in a reader process.

    The methods may raise BackendFailed: the file is damaged.
    """

    @property
    def description(self) -> Description:
        """All that it says but for its arrays' values."""
        ...

    def read(
        self, variable: str, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        """Read a piece of a variable into an array of its shape."""
        ...

    def strings(self, variable: str, slab: Hyperslab) -> list[bytes]:
        """Return a piece of a STRING variable, in row-major order."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
