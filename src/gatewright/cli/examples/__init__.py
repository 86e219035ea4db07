"""The demo's example archives, simulated with a fixed seed and saying so.

They are ordinary NetCDF and FITS files; the gateway publishes them by the same code
as anybody's own.
"""

from gatewright.cli.examples.climate import write_reanalysis
from gatewright.cli.examples.sky import write_survey

__all__ = ["write_reanalysis", "write_survey"]
