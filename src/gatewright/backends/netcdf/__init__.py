"""NetCDF-3, NetCDF-4 and HDF5 files, parsed in reader processes.

``program.py`` and what it imports run in a reader; ``array_reader.py`` is the
gateway's side, which imports neither h5py nor deflate.
"""

from gatewright.backends.netcdf.array_reader import PooledArrayReader

__all__ = ["PooledArrayReader"]
