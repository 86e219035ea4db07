"""Processing of telescope images: coadd, subtraction, detection, photometry.

The science is pure NumPy; each module names the papers that it follows.
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
]
