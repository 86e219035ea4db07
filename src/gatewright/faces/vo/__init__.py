"""Protocols of the Virtual Observatory: image search by SIA 2.0."""

from gatewright.faces.vo.routes import build
from gatewright.web.face import Face

face = Face(name="vo", prefix="/vo", build=build)

__all__ = ["face"]
