"""The service of files over a file system in memory."""

import pytest
from tests.domains.files.memory import Memory

from gatewright.core.turns import Turns
from gatewright.domains.files import (
    FileService,
)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def files(memory: Memory) -> FileService:
    turns = Turns(3, "downloads"), Turns(2, "uploads")
    return FileService({"local": memory}, 4 << 20, *turns)  # type: ignore[dict-item]
