"""The ways to sign in, for the OpenAPI document."""

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
