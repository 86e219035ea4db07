"""Virtual Observatory protocols: image search with SIA 2.0."""

from gatewright.faces.vo.routes import build, error_table
from gatewright.web.face import Face

face = Face(name="vo", prefix="/vo", build=build, error=error_table, open=("/",))

__all__ = ["face"]
