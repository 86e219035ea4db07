"""When the reader processes of a gateway start."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gatewright.composition.readers import open_readers
from gatewright.core.config import Config


@pytest.mark.parametrize(
    ("published", "running"),
    [
        ({}, 0),
        ({"datasets": [{"id": "sea", "source": "/data/sea.nc"}]}, 3),
        ({"surveys": [{"id": "sky", "images": "/data/*.fits"}]}, 3),
    ],
)
async def test_readers_start_at_once_where_there_is_something_to_read(
    tmp_path: Path, published: dict[str, Any], running: int
) -> None:
    config = Config.model_validate(
        {
            "gateway": {"state": str(tmp_path)},
            "limits": {"readers": 3},
            **published,
        }
    )
    async with AsyncExitStack() as stack:
        readers = await open_readers(config, stack)
        assert readers.running == running
        await readers.ready()
        assert readers.running == running
