"""OPeNDAP: access to data sets and parts of them by URL (DAP2)."""

from gatewright.faces.dap.routes import build, dap_error
from gatewright.web.face import Face

face = Face(name="dap", prefix="/dap", build=build, error=dap_error, open=("/",))

__all__ = ["face"]
