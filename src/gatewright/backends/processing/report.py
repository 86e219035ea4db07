"""The JSON report at the end of a product's file."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

TRAILER = 8
"""Bytes at the end of the file that hold the length of the report before them."""


def finite(value: Any) -> Any:
    """Return values for JSON: numbers that are not finite become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(item) for item in value]
    return value
