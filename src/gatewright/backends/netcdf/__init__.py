"""NetCDF-3, NetCDF-4 and HDF5 files, parsed in reader processes."""
