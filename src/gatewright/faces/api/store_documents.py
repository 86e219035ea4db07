"""One JSON document: ``/store/{collection}/{key}``."""

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
    404: {"description": "There is no document that the caller may read."}
}
_WRITING: bodies.Responses = {
    **_ABSENT,
    403: {"description": "The caller may read it, and not do this."},
    412: {"description": "It is not in the state that If-Match or If-None-Match name."},
}
_STORING: bodies.Responses = {
    **_WRITING,
    413: {"description": "The document is too large."},
    422: {"description": "The document cannot be kept; the text says why."},
    507: {"description": "The caller's documents take all the room they may."},
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
        200: {"description": "The bare JSON, as it was sent.", "content": _ANY_JSON},
        304: {"description": "It is the one that If-None-Match names."},
    },
)
async def get_document(
    request: Request, context: Context, collection: CollectionName, key: Key
) -> Response:
    """Return the document itself, with its “ETag”; “Sunset” says when it ends."""
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
    summary="Make or replace a document",
    openapi_extra={"requestBody": {"required": True, "content": _ANY_JSON}},
    responses={
        **_STORING,
        201: {"description": "It was made.", "model": bodies.StoredAnswer},
    },
)
async def put_document(
    request: Request,
    context: Context,
    collection: CollectionName,
    key: Key,
    expires_in: ExpiresIn = None,
) -> Response:
    """Store the JSON of the body, character for character.

    The collection is made if there is none of that name. With “If-None-Match: *” only
    a new document is stored, with “If-Match” only the one that was read is replaced.
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
    """Apply a JSON merge patch (RFC 7396): members are replaced, null removes one."""
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
    """Delete the document; with “If-Match” only the one that was read."""
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
    """Tell the document's own permissions; null if it follows its collection."""
    found = await context.services.store.permissions(context.caller, collection, key)
    return json_response(None if found is None else bodies.permissions_answer(found))


@router.put(
    "/store/{collection}/{key}/permissions",
    operation_id="setPermissions",
    response_model=bodies.PermissionsBody,
    summary="Give a document permissions of its own",
    openapi_extra=json_body(bodies.PermissionsBody),
    responses=_WRITING,
)
async def set_permissions(
    request: Request, context: Context, collection: CollectionName, key: Key
) -> Response:
    """Let these permissions count for the document, and no longer the collection's.

    Those who administer the collection keep all rights.
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
    summary="Let a document follow its collection again",
    responses=_WRITING,
)
async def drop_permissions(
    context: Context, collection: CollectionName, key: Key
) -> Response:
    """Take the document's own permissions away."""
    await context.services.store.set_permissions(context.caller, collection, key, None)
    return Response(status_code=204)


class _NoKey(AnyPath):
    """What comes after a collection and is neither a key nor a part of a document."""

    regex = r"(?s:(?![^/]+$)(?![^/]+/permissions$).*)"


register_url_convertor("nokey", _NoKey())


@router.api_route(
    "/store/{collection}/{rest:nokey}",
    methods=["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"],
    include_in_schema=False,
)
async def refuse_key(request: Request, collection: CollectionName) -> Response:
    """Say why there is no document of a key that is empty or has a slash in it.

    An escaped slash looks like one that parts the path, so that no other route has it.
    """
    if request.url.path.endswith(f"/{collection}/") and request.method in _READING:
        return RedirectResponse(request.url.path.removesuffix("/"))
    if count_of_parts(request.scope) == len(_ADDRESS):
        await bodies.document_key(request, "")
    raise NotFound("There is nothing at this address.")
