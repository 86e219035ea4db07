"""Opens the gridded data sets of the configuration."""

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.plugin import array_formats
from gatewright.backends.readers import ReaderPool
from gatewright.core.access import access_of
from gatewright.core.config import Config
from gatewright.domains.arrays import Dataset, Datasets

_FILE_WINDOWS = 4
"""The file of a subset must be made within the time limit of this many windows."""


def open_datasets(config: Config, readers: ReaderPool) -> Datasets:
    """Return the catalogue of the data sets in the configuration.

    Raises
    ------
    InvalidRequest
        A data set names a reader that is not installed.
    """
    seconds = _FILE_WINDOWS * config.limits.reader_seconds
    reader = PooledArrayReader(readers, array_formats(), seconds)
    return Datasets(
        [
            Dataset(
                source.id,
                reader.source(source.source.resolve(), reader=source.reader),
                source.title,
                access_of(source.access),
            )
            for source in config.datasets
        ],
        reader,
        config.limits.response_bytes,
    )
