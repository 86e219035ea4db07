"""The URLs of classic NEWT and of NEWT 2.0, each with its methods."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.core.errors import NotImplementedHere
from gatewright.faces.newt import (
    accounts,
    authentication,
    commands,
    files,
    queue,
    status,
    store,
)
from gatewright.faces.newt.answers import Handler, bare, enveloped, newt_error
from gatewright.web.problems import exception_handlers

Verbs = Mapping[str, Handler]


def build(services: Services) -> ASGIApp:
    """Return NEWT's ASGI application."""
    return Starlette(
        routes=[
            *(_route(path, verbs) for path, verbs in CLASSIC.items()),
            *(_route(path, verbs, second=True) for path, verbs in SECOND.items()),
        ],
        exception_handlers=exception_handlers(newt_error),
    )


def _route(path: str, verbs: Verbs, *, second: bool = False) -> Route:
    wrap = enveloped if second else bare
    endpoints = {verb: wrap(handler) for verb, handler in verbs.items()}

    async def endpoint(request: Request) -> Response:
        chosen = endpoints.get("GET" if request.method == "HEAD" else request.method)
        if chosen is None:
            raise NotImplementedHere("NEWT has no such verb here.")
        return await chosen(request)

    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Route(path, endpoint, methods=every)


_AUTH: Verbs = {
    "GET": authentication.who,
    "POST": authentication.sign_in,
    "DELETE": authentication.sign_out,
}
_STORES: Verbs = {"GET": store.names, "POST": store.create_unnamed}
_STORE: Verbs = {"GET": store.contents, "POST": store.create, "DELETE": store.drop}
_PERMISSIONS: Verbs = {"GET": store.permissions, "POST": store.set_permissions}
_OBJECT: Verbs = {"GET": store.read_object, "PUT": store.write_object}
_CLASSIC_FILES: Verbs = {
    "GET": files.read,
    "POST": files.upload,
    "PUT": files.write,
}
_SECOND_FILES: Verbs = {"GET": files.second_read, "PUT": files.second_write}
_CLASSIC_QUEUE: Verbs = {"GET": queue.listing, "POST": queue.classic_submit}
_CLASSIC_JOB: Verbs = {"GET": queue.one, "DELETE": queue.classic_delete}
_SECOND_QUEUE: Verbs = {"GET": queue.second_listing, "POST": queue.second_submit}
_SECOND_JOB: Verbs = {"GET": queue.second_one, "DELETE": queue.second_delete}


def _with_slash(urls: Mapping[str, Verbs]) -> dict[str, Verbs]:
    """Return the URLs with and without a slash at their end."""
    return {url: verbs for path, verbs in urls.items() for url in (path, f"{path}/")}


_ACCOUNTS: Mapping[str, Verbs] = {
    "/account/user/id/{id:int}": {"GET": accounts.user_by_id},
    "/account/user/{name}": {"GET": accounts.user},
    "/account/group/id/{id:int}": {"GET": accounts.group_by_id},
    "/account/group/{name}/users": {"GET": accounts.group_users},
    "/account/group/{name}": {"GET": accounts.group},
    "/account/usage/user/{name}": {"GET": accounts.user_usage},
    "/account/usage/repo/{name}/users": {"GET": accounts.project_usage},
    "/account/usage/repo/{name}": {"GET": accounts.project_usage},
}
_STORE_URLS: Mapping[str, Verbs] = {
    "/store": _STORES,
    "/store/{name}": _STORE,
    "/store/{name}/perms": _PERMISSIONS,
    "/store/{name}/{oid:int}": _OBJECT,
}

CLASSIC: Mapping[str, Verbs] = _with_slash(
    {
        "/auth": _AUTH,
        "/login": _AUTH,
        "/logout": {"GET": authentication.log_out},
        "/status": {"GET": status.systems},
        "/status/motd": {"GET": status.message_of_the_day},
        "/status/{system}": {"GET": status.one},
        "/user/{name}": {"GET": accounts.user},
        "/command/{system}": {"POST": commands.classic},
        "/queue/completedjobs/{user}": {"GET": queue.completed},
        "/queue/{system}": _CLASSIC_QUEUE,
        "/queue/{system}/{id}": _CLASSIC_JOB,
        "/queue/{system}/{id}/sacct": {"GET": queue.accounting},
        **_ACCOUNTS,
        "/account/group/{name}/users": {"GET": accounts.classic_group_users},
        "/account/group/id/{id:int}": {"GET": accounts.classic_group_by_id},
        "/account/group/{name}": {"GET": accounts.classic_group},
        **_STORE_URLS,
    }
) | {
    "/": {"GET": status.about},  # Dispatch passes on /newt as /newt/
    "/file/{system}": _CLASSIC_FILES,
    "/file/{system}/{path:rest}": _CLASSIC_FILES,
}
"""Handlers of classic NEWT by URL and method."""

SECOND: Mapping[str, Verbs] = {
    f"/api{path}": verbs
    for path, verbs in (
        _with_slash(
            {
                "": {"GET": status.second_about},
                "/auth": _AUTH,
                "/status": {"GET": status.systems},
                "/status/{system}": {"GET": status.one},
                "/file": {"GET": files.systems},
                "/command": {"GET": commands.systems},
                "/command/{system}": {"POST": commands.second},
                "/job": {"GET": queue.machines},
                "/job/{system}": _SECOND_QUEUE,
                "/job/{system}/{id}": _SECOND_JOB,
                **_ACCOUNTS,
                **_STORE_URLS,
            }
        )
        | {"/file/{system}": _SECOND_FILES, "/file/{system}/{path:rest}": _SECOND_FILES}
    ).items()
}
"""Handlers of NEWT 2.0 by URL and method."""
