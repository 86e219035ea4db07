"""NEWT: the classic URLs under ``/newt`` and those of NEWT 2.0 under ``/newt/api``."""

from gatewright.faces.newt.routes import build
from gatewright.web.face import Face

face = Face(name="newt", prefix="/newt", build=build)

__all__ = ["face"]
