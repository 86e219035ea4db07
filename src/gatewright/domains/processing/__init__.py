"""Image processing for astronomy: coadds, subtraction, detection and photometry.

The algorithms use NumPy alone; each module names the papers that it follows.
"""

from gatewright.domains.processing.curves import (
    CurveMark,
    CurvePicture,
    curve_picture,
)
from gatewright.domains.processing.frames import OutsideFrame
from gatewright.domains.processing.model import (
    COADD,
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
    WeightRef,
)
from gatewright.domains.processing.ports import (
    Circle,
    CurvePainter,
    FrameLoader,
    Processor,
    ProductStore,
    Side,
)
from gatewright.domains.processing.references import (
    Quality,
    ReferenceRule,
    choose_frames,
)

__all__ = [
    "COADD",
    "Aside",
    "Calibration",
    "Circle",
    "CurveMark",
    "CurvePainter",
    "CurvePicture",
    "Detection",
    "FrameLoader",
    "FrameRef",
    "LightCurve",
    "LightPoint",
    "OutsideFrame",
    "Plane",
    "Processor",
    "Product",
    "ProductKind",
    "ProductState",
    "ProductStore",
    "Quality",
    "ReferenceRule",
    "Side",
    "StarCatalogue",
    "WeightRef",
    "choose_frames",
    "curve_picture",
]
