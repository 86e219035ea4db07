"""Opens the pool of reader processes, and the readers of images that use it."""

from contextlib import AsyncExitStack
from pathlib import Path

from gatewright.backends.plugin import image_plugins, reader_programs
from gatewright.backends.readers import PoolSettings, ReaderPool, open_pool
from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.domains.sky import ImageReader, ImageReaders

_LEAST_READERS = 3
"""Fewest readers: one for a long request, one for a first look into a file, and one
that is always free for small requests."""


def open_image_reader(config: Config, readers: ReaderPool) -> ImageReader:
    """Return a reader for the images of all installed formats."""
    limit = config.limits.response_bytes
    return ImageReaders(
        [(one.suffixes, one.open(readers, limit)) for one in image_plugins()]
    )


async def open_readers(config: Config, stack: AsyncExitStack) -> ReaderPool:
    """Return the reader processes of this gateway process; they end with the stack.

    They start now if the configuration has anything to read, and otherwise when
    something is first read: a gateway for jobs alone does without their memory.

    Raises
    ------
    Unavailable
        The spool folder cannot be created.
    """
    spool = config.gateway.state / "spool"
    try:
        spool.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The folder “{spool}” cannot be used: {error.strerror}. It is for "
            "unfinished responses: remove what is there, or let the gateway write "
            "there."
        ) from error
    settings = PoolSettings(
        programs=reader_programs(),
        folders=published_folders(config),
        spool=spool,
        readers=max(_LEAST_READERS, config.limits.readers),
        for_looks=1,
        memory_bytes=config.limits.reader_memory_bytes,
        seconds=config.limits.reader_seconds,
        file_bytes=2 * config.limits.response_bytes + (16 << 20),
    )
    at_once = bool(config.datasets or config.surveys)
    return await stack.enter_async_context(open_pool(settings, at_once=at_once))


def published_folders(config: Config) -> tuple[Path, ...]:
    """Return the folders with the data sets and survey images, sorted, each once."""
    sources = [dataset.source.parent for dataset in config.datasets]
    patterns = [_fixed_part(survey.images) for survey in config.surveys]
    return tuple(sorted({path.resolve() for path in [*sources, *patterns]}))


def _fixed_part(pattern: str) -> Path:
    """Return the folder that every file of a glob pattern is in or below."""
    parts = Path(pattern).parts
    for number, part in enumerate(parts):
        if any(sign in part for sign in "*?["):
            return Path(*parts[:number])
    return Path(pattern).parent
