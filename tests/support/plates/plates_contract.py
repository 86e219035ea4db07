"""The contract, for images as JSON."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gatewright_plates import plugin  # type: ignore[import-not-found]  # installed by a test

from gatewright.domains.sky import ImageReader
from gatewright.testing.image_reader import ImageReaderContract
from gatewright.testing.readers import open_image_reader


class TestPlates(ImageReaderContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "night"
        made.mkdir()
        rows = [[x + y for x in range(60)] for y in range(50)]
        plate = {"ra": 150.0, "dec": 2.0, "scale": 1.0, "rows": rows}
        (made / "a.plate.json").write_text(json.dumps(plate))
        return made

    @pytest.fixture
    async def reader(self, folder: Path) -> AsyncIterator[ImageReader]:
        async with open_image_reader(plugin, folder) as opened:
            yield opened

    @pytest.fixture
    async def strict_reader(self, folder: Path) -> AsyncIterator[ImageReader]:
        async with open_image_reader(plugin, folder, maximum=100) as opened:
            yield opened
