"""The entry point of the NetCDF and HDF5 reader."""

from gatewright.backends.plugin import ArrayReaderPlugin

plugin = ArrayReaderPlugin("gatewright.backends.netcdf.files:netcdf")
