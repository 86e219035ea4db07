"""How requests say who they are from, in the OpenAPI document."""

from typing import Any

from fastapi import FastAPI

from gatewright.core.config import Config
from gatewright.web.credentials import session_cookie


def document_security(app: FastAPI, config: Config) -> None:
    """Make an application's OpenAPI document say which credentials there are.

    Every operation takes any of them, or none where visitors may do it too.
    """
    make = app.openapi

    def with_security() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = make()
            components = document.setdefault("components", {})
            components["securitySchemes"] = schemes(config)
            document["security"] = [*({name: []} for name in schemes(config)), {}]
        assert app.openapi_schema is not None  # noqa: S101  # FastAPI keeps it there
        return app.openapi_schema

    app.openapi = with_security  # type: ignore[method-assign]  # FastAPI's own way


def schemes(config: Config) -> dict[str, dict[str, str]]:
    """Return the ``securitySchemes`` of OpenAPI 3.1."""
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "gw_<key>.<secret>",
            "description": "A personal token, for scripts and programs.",
        },
        "password": {
            "type": "http",
            "scheme": "basic",
            "description": "A personal token as the password, with any user name, for "
            "programs that know nothing else (netCDF-C, old download tools).",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": session_cookie(config),
            "description": "The cookie of a session, for the gateway's own pages. What "
            "changes something also needs the header X-Requested-With.",
        },
    }
