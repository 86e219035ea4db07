"""OpenAPI security schemes of the API."""

from gatewright.core.config import Config
from gatewright.web.credentials import session_cookie


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
            "programs that support nothing else (netCDF-C, old download tools).",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": session_cookie(config),
            "description": "The session cookie, for the gateway's own pages. Requests "
            "that change something also need the header X-Requested-With.",
        },
    }
