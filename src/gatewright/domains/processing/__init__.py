"""Image processing for astronomy: coadds, subtraction, detection and photometry.

The algorithms use NumPy alone; each module names the papers that it follows.
"""

from gatewright.domains.processing.model import (
    Aside,
    Calibration,
    Detection,
    FrameRef,
    LightCurve,
    LightPoint,
    Plane,
    Product,
    ProductKind,
    ProductState,
    StarCatalogue,
)
from gatewright.domains.processing.ports import (
    Circle,
    FrameLoader,
    Processor,
    ProductStore,
    Side,
)

__all__ = [
    "Aside",
    "Calibration",
    "Circle",
    "Detection",
    "FrameLoader",
    "FrameRef",
    "LightCurve",
    "LightPoint",
    "Plane",
    "Processor",
    "Product",
    "ProductKind",
    "ProductState",
    "ProductStore",
    "Side",
    "StarCatalogue",
]
