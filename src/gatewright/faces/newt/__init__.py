"""NEWT, the HTTP API of NERSC, in its classic form and as NEWT 2.0.

Classic NEWT is below ``/newt``, NEWT 2.0 below ``/newt/api``.
"""

from gatewright.faces.newt.answers import newt_error
from gatewright.faces.newt.authentication import COOKIE
from gatewright.faces.newt.routes import build
from gatewright.web.face import Face

face = Face(
    name="newt",
    prefix="/newt",
    build=build,
    error=newt_error,
    uploads=(("PUT", "/file/"), ("POST", "/file/"), ("PUT", "/api/file/")),
    cookie=COOKIE,
)

__all__ = ["face"]
