"""JSON documents: ``/store/{collection}/{key}``."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.convertors import register_url_convertor
from starlette.responses import RedirectResponse, Response

from gatewright.core.errors import NotFound
from gatewright.faces.api import store_bodies as bodies
from gatewright.faces.api.store import stored_response
from gatewright.faces.api.store_bodies import (
    CollectionName,
    ExpiresIn,
    Key,
    conditions,
    lifetime,
)
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import json_response
from gatewright.web.paths import AnyPath, count_of_parts

router = APIRouter(tags=["store"])

_MERGE_PATCH = ("application/merge-patch+json", "application/json")
_ABSENT: bodies.Responses = {
    404: {"description": "There is no such document, or you may not read it."}
}
_WRITING: bodies.Responses = {
    **_ABSENT,
    403: {"description": "You may read it, but not do this."},
    412: {"description": "“If-Match” or “If-None-Match” does not hold."},
}
_STORING: bodies.Responses = {
    **_WRITING,
    413: {"description": "The document is too large."},
    422: {"description": "The document cannot be stored; the text says why."},
    507: {"description": "Your documents have reached their size limit."},
}
_READING = ("GET", "HEAD")
_ADDRESS = ("store", "collection", "key")
_ANY_JSON: dict[str, Any] = {"application/json": {"schema": {}}}


@router.head("/store/{collection}/{key}", include_in_schema=False)
@router.get(
    "/store/{collection}/{key}",
    operation_id="readDocument",
    response_class=Response,
    summary="A document",
    responses={
        **_ABSENT,
        200: {"description": "The JSON as it was sent.", "content": _ANY_JSON},
        304: {"description": "The document has not changed."},
    },
)
async def get_document(
    request: Request, context: Context, collection: CollectionName, key: Key
) -> Response:
    """Return a document with its “ETag”; “Sunset” tells when it expires."""
    view = await context.services.store.get(context.caller, collection, key)
    headers = bodies.document_headers(view.document)
    if check_preconditions(request, headers["ETag"]):
        return not_modified(headers["ETag"], headers=headers)
    return Response(
        view.document.text.encode(), headers=headers, media_type="application/json"
    )


@router.put(
    "/store/{collection}/{key}",
    operation_id="writeDocument",
    response_model=bodies.StoredAnswer,
    summary="Create or replace a document",
    openapi_extra={"requestBody": {"required": True, "content": _ANY_JSON}},
    responses={
        **_STORING,
        201: {"description": "It was created.", "model": bodies.StoredAnswer},
    },
)
async def put_document(
    request: Request,
    context: Context,
    collection: CollectionName,
    key: Key,
    expires_in: ExpiresIn = None,
) -> Response:
    """Store the JSON in the body, character for character.

    The collection is created if it does not exist. With “If-None-Match: *” only a new
    document is stored; with “If-Match” only the version that you read is replaced.
    """
    stored = await context.services.store.put(
        context.caller,
        collection,
        key,
        await bodies.read_document(request),
        check=conditions(request),
        lifetime=lifetime(expires_in),
    )
    return stored_response(collection, stored)


@router.patch(
    "/store/{collection}/{key}",
    operation_id="patchDocument",
    response_model=bodies.StoredAnswer,
    summary="Change a part of a document",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/merge-patch+json": {"schema": {}}},
        }
    },
    responses=_STORING,
)
async def patch_document(
    request: Request,
    context: Context,
    collection: CollectionName,
    key: Key,
    expires_in: ExpiresIn = None,
) -> Response:
    """Apply a JSON merge patch (RFC 7396): members are replaced, or removed by null."""
    stored = await context.services.store.patch(
        context.caller,
        collection,
        key,
        await bodies.read_document(request, *_MERGE_PATCH),
        check=conditions(request),
        lifetime=lifetime(expires_in),
    )
    return stored_response(collection, stored)


@router.delete(
    "/store/{collection}/{key}",
    operation_id="deleteDocument",
    status_code=204,
    summary="Delete a document",
    responses=_WRITING,
)
async def delete_document(
    request: Request, context: Context, collection: CollectionName, key: Key
) -> Response:
    """Delete a document; with “If-Match” only the version that you read."""
    await context.services.store.delete(
        context.caller, collection, key, check=conditions(request)
    )
    return Response(status_code=204)


@router.get(
    "/store/{collection}/{key}/permissions",
    operation_id="getPermissions",
    response_model=bodies.PermissionsBody | None,
    summary="Permissions of a document",
    responses=_WRITING,
)
async def get_permissions(
    context: Context, collection: CollectionName, key: Key
) -> Response:
    """Return a document's own permissions; null if its collection's apply."""
    found = await context.services.store.permissions(context.caller, collection, key)
    return json_response(None if found is None else bodies.permissions_answer(found))


@router.put(
    "/store/{collection}/{key}/permissions",
    operation_id="setPermissions",
    response_model=bodies.PermissionsBody,
    summary="Set permissions of a document",
    openapi_extra=json_body(bodies.PermissionsBody),
    responses=_WRITING,
)
async def set_permissions(
    request: Request, context: Context, collection: CollectionName, key: Key
) -> Response:
    """Set permissions of a document, which replace those of its collection.

    Administrators of the collection keep all rights.
    """
    asked = await read_model(request, bodies.PermissionsBody)
    permissions = asked.permissions()
    await context.services.store.set_permissions(
        context.caller, collection, key, permissions
    )
    return json_response(bodies.permissions_answer(permissions))


@router.delete(
    "/store/{collection}/{key}/permissions",
    operation_id="dropPermissions",
    status_code=204,
    summary="Remove permissions of a document",
    responses=_WRITING,
)
async def drop_permissions(
    context: Context, collection: CollectionName, key: Key
) -> Response:
    """Remove a document's own permissions, so that its collection's apply again."""
    await context.services.store.set_permissions(context.caller, collection, key, None)
    return Response(status_code=204)


class _NoKey(AnyPath):
    """Route convertor for paths below a collection that are no valid key."""

    regex = r"(?s:(?![^/]+$)(?![^/]+/permissions$).*)"


register_url_convertor("nokey", _NoKey())


@router.api_route(
    "/store/{collection}/{rest:nokey}",
    methods=["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"],
    include_in_schema=False,
)
async def refuse_key(request: Request, collection: CollectionName) -> Response:
    """Answer requests whose key is empty or has a slash in it.

    In the decoded path an escaped slash looks like a separator, so no other route
    matches.

    Raises
    ------
    InvalidContent
        The key has a slash.
    NotFound
        The path has more segments than a document's.
    """
    if request.url.path.endswith(f"/{collection}/") and request.method in _READING:
        return RedirectResponse(request.url.path.removesuffix("/"))
    if count_of_parts(request.scope) == len(_ADDRESS):
        await bodies.document_key(request, "")
    raise NotFound("There is nothing at this address.")
