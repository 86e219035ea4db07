"""Faces are built for each test, and their API once."""

from collections.abc import Iterator

import pytest
from tests.support.made_once import made_once


@pytest.fixture(scope="session", autouse=True)
def parts_made_once() -> Iterator[None]:
    with made_once():
        yield
