"""The data sets from the configuration."""

import os

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.readers import ReaderPool
from gatewright.core.config import Config, DatasetSource
from gatewright.domains.arrays import Dataset, Datasets

_FILE_WINDOWS = 4
"""Windows in whose time the file of a subset must be made."""


def open_datasets(config: Config, readers: ReaderPool) -> Datasets:
    """Return the catalogue of what the configuration publishes."""
    return Datasets(
        [_dataset(source) for source in config.datasets],
        PooledArrayReader(readers, _FILE_WINDOWS * config.limits.reader_seconds),
        config.limits.response_bytes,
    )


def _dataset(source: DatasetSource) -> Dataset:
    access = source.access
    return Dataset(
        source.id,
        os.fsencode(source.source.resolve()),
        source.title,
        access if isinstance(access, str) else tuple(access),
    )
