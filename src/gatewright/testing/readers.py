"""Starts the readers of installed formats in reader processes, as a gateway does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.plugin import ImageReaderPlugin, array_formats, reader_programs
from gatewright.backends.readers import PoolSettings, open_pool
from gatewright.domains.sky import ImageReader


@asynccontextmanager
async def open_array_reader(folder: Path) -> AsyncIterator[PooledArrayReader]:
    """Yield the reader of all installed formats of gridded data.

    Its processes can read ``folder``. ``reader.source(path)`` returns the handle of a
    file in it.
    """
    async with open_pool(PoolSettings(reader_programs(), (folder,), folder)) as pool:
        yield PooledArrayReader(pool, array_formats())


@asynccontextmanager
async def open_image_reader(
    plugin: ImageReaderPlugin, folder: Path, maximum: int = 1 << 30
) -> AsyncIterator[ImageReader]:
    """Yield the reader of a format of images, whose processes can read ``folder``."""
    async with open_pool(PoolSettings(plugin.programs, (folder,), folder)) as pool:
        yield plugin.open(pool, maximum)
