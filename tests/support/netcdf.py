"""Files read through the array reader, in this process."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st
from tests.support.gridded import array_reader

from gatewright.domains.arrays import (
    Description,
    Encoding,
    Variable,
    whole,
)

Form = Literal[
    "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"
]

READER = array_reader()


async def data(path: Path, description: Description, variable: Variable) -> Any:
    """Return a whole variable as stored."""
    encoding = Encoding(variable.type, "big")
    views = READER.read(
        *(READER.source(path), description.version, variable, whole(variable.shape)),
        encoding,
    )
    dtype = encoding.dtype if variable.type.numeric else np.dtype("S1")
    joined = b"".join([bytes(view) async for view in views])
    return np.frombuffer(joined, dtype).reshape(variable.shape)


names = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEF_0123456789é", min_size=1, max_size=9
).map(lambda name: "n" + name)
