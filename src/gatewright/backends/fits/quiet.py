"""Silences the warnings of astropy and NumPy about old headers."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Let astropy not warn of what old headers have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
