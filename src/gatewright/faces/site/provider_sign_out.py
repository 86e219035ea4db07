"""Sign-out that a provider reports (OpenID Connect Back-Channel Logout 1.0)."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatewright.core.errors import InvalidRequest, MethodNotAllowed
from gatewright.faces.site.sign_in import NEVER_STORED
from gatewright.web.audit import note_text
from gatewright.web.context import request_context

_LONGEST = 16_384


async def back_channel_logout(request: Request) -> Response:
    """End the sessions of a person who has signed out of their provider.

    The provider itself sends this request, without a cookie or token; the signature of
    its logout token proves that.
    """
    if request.method != "POST":
        raise MethodNotAllowed(
            "A provider sends this by POST.", headers={"Allow": "POST"}
        )
    context, name = request_context(request), request.path_params["name"]
    try:
        async with request.form(max_files=0, max_fields=8) as form:
            token = form.get("logout_token")
    except HTTPException as error:
        raise InvalidRequest(f"The form cannot be read: {error.detail}") from error
    except UnicodeError as error:  # of a “charset” such as Python's “undefined”
        raise InvalidRequest("The form is not text in its “charset”.") from error
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST:
        raise InvalidRequest("A provider sends the parameter “logout_token”.")
    ended = await context.services.identity.providers.log_out(name, token)
    note_text(request.scope, f"signed out by {name}: {ended} sessions")
    return Response(status_code=200, headers=NEVER_STORED)


ROUTE = Route(
    "/sign-in/with/{name}/sign-out",
    back_channel_logout,
    methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
)
