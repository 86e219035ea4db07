"""The demo's example archives, simulated with fixed seeds and marked as simulated.

They are ordinary NetCDF and FITS files, which the gateway publishes like any others.
"""

from gatewright.cli.examples.climate import write_reanalysis
from gatewright.cli.examples.sky import write_survey

__all__ = ["write_reanalysis", "write_survey"]
