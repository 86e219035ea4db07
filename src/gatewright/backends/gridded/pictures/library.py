"""Imports the parts of matplotlib that draw pictures, with the fonts it includes.

The process that forks the readers imports this module, so that no picture waits for the
import. Pictures must not depend on the machine or the user: ``matplotlibrc``, installed
fonts and cached font lists are not used. Figures are drawn into memory by Agg;
``pyplot``, which keeps global state, is not used.
"""

import logging
import os
import tempfile

# It tells at each start that it made its list of fonts.
logging.getLogger("matplotlib").setLevel(logging.WARNING)
_ENVIRONMENT = (
    *("MATPLOTLIBRC", "MPLBACKEND", "MPLCONFIGDIR", "MPL_IGNORE_SYSTEM_FONTS"),
)
"""Environment variables through which a user's settings would reach matplotlib."""

_before = {name: os.environ.pop(name, None) for name in _ENVIRONMENT}
with tempfile.TemporaryDirectory(prefix="gatewright-pictures-") as _folder:
    os.environ |= {"MPLCONFIGDIR": _folder, "MPL_IGNORE_SYSTEM_FONTS": "1"}
    try:
        from matplotlib import colormaps, rc_context
        from matplotlib.axes import Axes
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.cm import ScalarMappable
        from matplotlib.collections import LineCollection
        from matplotlib.colorbar import Colorbar
        from matplotlib.colors import LogNorm, Normalize
        from matplotlib.figure import Figure
        from matplotlib.patheffects import withStroke
        from matplotlib.ticker import MaxNLocator
    finally:
        for _name, _value in _before.items():
            os.environ.pop(_name, None)
            if _value is not None:
                os.environ[_name] = _value

__all__ = [
    "Axes",
    "Colorbar",
    "Figure",
    "FigureCanvasAgg",
    "FigureCanvasSVG",
    "LineCollection",
    "LogNorm",
    "MaxNLocator",
    "Normalize",
    "ScalarMappable",
    "colormaps",
    "rc_context",
    "withStroke",
]
