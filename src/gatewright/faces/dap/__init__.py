"""OPeNDAP: data sets and parts of them by URL."""

from gatewright.faces.dap.routes import build
from gatewright.web.face import Face

face = Face(name="dap", prefix="/dap", build=build)

__all__ = ["face"]
