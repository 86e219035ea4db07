"""An application behind the middleware of answers."""

from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.web.face import Face, Faces
from gatewright.web.middleware.answers import AddFields, Answers


def nothing(services: Services) -> ASGIApp:
    raise AssertionError


FACES = Faces(
    Face(name, f"/{name}", nothing, open=("/",) if name != "api" else ())
    for name in ("dap", "vo", "api")
)


def answering(app: ASGIApp, *fields: AddFields) -> Answers:
    return Answers(app, FACES, fields=fields)
