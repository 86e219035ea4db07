"""Suppresses warnings of astropy and NumPy about old headers."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings, such as those of astropy about nonstandard headers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
