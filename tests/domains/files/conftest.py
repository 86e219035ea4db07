"""The service of files over a file system in memory."""

import pytest
from tests.domains.files.memory import Memory

from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.domains.files import (
    FileService,
)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def files(memory: Memory) -> FileService:
    limits = ConcurrencyLimit(3, "downloads"), ConcurrencyLimit(2, "uploads")
    return FileService({"local": memory}, 4 << 20, *limits)  # type: ignore[dict-item]
