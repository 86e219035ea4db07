"""Collections of JSON documents: ``/store`` and ``/store/{collection}``."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, Page, page_limit
from gatewright.domains.store import (
    LONGEST_WAIT,
    Selection,
    Stored,
    parse_fields,
    parse_query,
    parse_sort,
)
from gatewright.faces.api import store_bodies as bodies
from gatewright.faces.api.store_bodies import CollectionName, ExpiresIn, lifetime
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.context import Context
from gatewright.web.events import Message, event_stream, last_event_id
from gatewright.web.json_model import json_body
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["store"])

_LARGE = 65_536
_ABSENT: bodies.Responses = {
    404: {"description": "There is no such collection, or you may not read it."}
}
_REFUSED: bodies.Responses = {
    **_ABSENT,
    403: {"description": "You may read it, but not do this."},
}


@router.get(
    "/store",
    operation_id="listCollections",
    response_model=bodies.CollectionList,
    summary="Collections I may see",
)
async def list_collections(
    request: Request, context: Context, limit: LargeLimit = None, cursor: Cursor = None
) -> Response:
    """List the collections that you own, or in which you may read a document."""
    page = await context.services.store.collections(
        context.caller, page_limit(limit, MAXIMUM_LARGE_LIMIT), cursor
    )
    return listing(request, "collections", page.map(bodies.collection_answer))


@router.get(
    "/store/usage",
    operation_id="getStoreUsage",
    response_model=bodies.StoreUsageAnswer,
    summary="Size of my documents",
)
async def usage(context: Context) -> Response:
    """Return the total size of your documents, and the limit."""
    used = await context.services.store.usage(context.caller)
    limit = context.services.config.limits.store_bytes_per_user
    return json_response(
        {"documents": used.documents, "bytes": used.bytes, "limit_bytes": limit}
    )


@router.get(
    "/store/{collection}",
    operation_id="listDocuments",
    response_model=bodies.DocumentList,
    summary="Documents of a collection",
    responses={
        **_ABSENT,
        413: {"description": "There are too many documents to sort."},
    },
)
async def list_documents(
    request: Request,
    context: Context,
    collection: CollectionName,
    prefix: Annotated[
        str,
        Query(description="Only keys that begin with this.", examples=["2011/"]),
    ] = "",
    query: Annotated[
        list[str] | None,
        Query(
            description="A condition “field:operator:value”; may be repeated, and then "
            "all must hold. Operators: eq, ne, lt, le, gt, ge, in (a JSON list), "
            "prefix, exists (true or false). Join the names of nested fields by dots; "
            "write a backslash before a dot, colon or backslash in a name. The value "
            "is JSON, or plain text if it is not valid JSON.",
            examples=[["magnitude:lt:20.5", "name:prefix:SN"]],
        ),
    ] = None,
    sort: Annotated[
        list[str] | None,
        Query(
            description="A field to sort by, with “-” before it in descending order; "
            "may be repeated, at most 4 times, to order documents with equal values. "
            "Numbers come first, then texts, false, true, null, lists and objects; "
            "documents without the field come last. By default documents are sorted "
            "by key.",
            examples=[["-magnitude", "name"]],
        ),
    ] = None,
    fields: Annotated[
        list[str] | None,
        Query(
            description="A field to return; may be repeated. Objects keep only the "
            "named members; lists and other values are returned whole.",
            examples=[["magnitude", "position.ra"]],
        ),
    ] = None,
    count: Annotated[
        bool, Query(description="Return the number of documents in the whole list.")
    ] = False,
    view: Annotated[
        Literal["documents", "collection"],
        Query(description="“collection”: describe the collection itself."),
    ] = "documents",
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the documents that you may read, with their content.

    A page has at most “limit” documents and 8 MiB. A query without an index reads at
    most 10,000 documents for one page: the page may then be short or empty, “next”
    continues, and “advice” names an index that would help. A sorted list can have at
    most 10,000 documents.
    """
    if view == "collection":
        one = await context.services.store.collection(context.caller, collection)
        return json_response(bodies.collection_answer(one))
    page = await context.services.listings.documents(
        context.caller,
        collection,
        Selection(
            prefix,
            parse_query(query or ()),
            parse_sort(sort or ()),
            parse_fields(fields or ()),
        ),
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
        count=count,
    )
    items = [bodies.entry_answer(document) for document in page.documents]
    extra: dict[str, object] = {} if page.advice is None else {"advice": page.advice}
    if count:
        extra["count"] = page.count
    return listing(request, "documents", Page(items, page.next), extra=extra)


@router.put(
    "/store/{collection}",
    operation_id="saveCollection",
    response_model=bodies.CollectionAnswer,
    summary="Create or change a collection",
    openapi_extra=json_body(bodies.CollectionBody),
    responses={
        **_REFUSED,
        201: {"description": "It was created.", "model": bodies.CollectionAnswer},
        412: {"description": "It exists, and “If-None-Match: *” was sent."},
    },
)
async def save_collection(
    request: Request, context: Context, collection: CollectionName
) -> Response:
    """Create a collection, or change its indexes and permissions.

    Names of collections are unique in the whole gateway; the first user of a name owns
    the collection. Only the owner has access until permissions are given.
    """
    asked = await bodies.read_collection(request)
    view, created = await context.services.store.save_collection(
        context.caller,
        collection,
        indexes=asked.indexes,
        permissions=asked.given_permissions(),
        create_only=request.headers.get("if-none-match", "").strip() == "*",
    )
    headers = {"Location": f"/api/v1/store/{collection}"} if created else {}
    status = 201 if created else 200
    return json_response(bodies.collection_answer(view), status, headers)


@router.delete(
    "/store/{collection}",
    operation_id="dropCollection",
    status_code=204,
    summary="Delete a collection",
    responses=_REFUSED,
)
async def drop_collection(context: Context, collection: CollectionName) -> Response:
    """Delete a collection with all its documents and its history."""
    await context.services.store.drop_collection(context.caller, collection)
    return Response(status_code=204)


@router.post(
    "/store/{collection}",
    operation_id="addDocument",
    status_code=201,
    response_model=bodies.StoredAnswer,
    summary="Store a document under a new key",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}}},
        }
    },
    responses=_REFUSED,
)
async def add_document(
    request: Request,
    context: Context,
    collection: CollectionName,
    keys: Annotated[
        Literal["time", "number"],
        Query(description="Kind of the new key: sorted by time, or counted from 0."),
    ] = "time",
    expires_in: ExpiresIn = None,
) -> Response:
    """Store the JSON document in the body under a new key, which “Location” tells."""
    body = await bodies.read_document(request)
    stored = await context.services.store.add(
        context.caller,
        collection,
        body,
        numbered=keys == "number",
        lifetime=lifetime(expires_in),
    )
    return stored_response(collection, stored)


@router.post(
    "/store/{collection}/bulk",
    operation_id="writeDocuments",
    response_model=bodies.BulkAnswer,
    summary="Store many documents",
    openapi_extra=json_body(bodies.BulkBody),
    responses=_REFUSED,
)
async def put_many(
    request: Request,
    context: Context,
    collection: CollectionName,
    expires_in: ExpiresIn = None,
) -> Response:
    """Create or replace up to 1,000 documents, all of them or none."""
    body = await bodies.read_document(request)
    if len(body) > _LARGE:
        documents = await asyncio.to_thread(bodies.split_bulk, body)
    else:
        documents = bodies.split_bulk(body)
    stored = await context.services.store.put_many(
        context.caller, collection, documents, lifetime=lifetime(expires_in)
    )
    return json_response({"documents": [bodies.stored_answer(one) for one in stored]})


@router.get(
    "/store/{collection}/changes",
    operation_id="listChanges",
    response_model=bodies.ChangeList,
    summary="Changes in a collection",
    responses={
        **_ABSENT,
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        409: {"description": "“since” is too old: list the documents again."},
    },
)
async def changes(
    request: Request,
    context: Context,
    collection: CollectionName,
    since: Annotated[
        int | None,
        Query(
            description="Number of the last change that you have seen; 0 for all.",
            ge=0,
            lt=2**53,
            examples=[0],
        ),
    ] = None,
    wait: Annotated[
        float,
        Query(
            description="Wait up to this many seconds for a change.",
            ge=0,
            le=LONGEST_WAIT,
            allow_inf_nan=False,
        ),
    ] = 0.0,
    limit: LargeLimit = None,
) -> Response:
    """Return the last change of each document that changed after “since”.

    Deletions are listed for 30 days. With “Accept: text/event-stream” the changes are
    sent as server-sent events as they happen, beginning after “Last-Event-ID” or
    “since”, or else with the next change.
    """
    if "text/event-stream" in request.headers.get("accept", ""):
        # A browser that reconnects sends the same URL, with Last-Event-ID.
        seen = last_event_id(request)
        after = since if seen is None else seen
        # Errors are raised here, before the response begins.
        last = await context.services.listings.start(context.caller, collection, after)
        changes = context.services.listings.follow(context.caller, collection, last)

        async def messages() -> AsyncIterator[Message | None]:
            async for change in changes:
                data = msgspec.json.encode(bodies.change_answer(change)).decode()
                kind = "document.deleted" if change.deleted else "document.put"
                yield Message(data, kind, str(change.number))

        answer = event_stream(messages())
        return Counted(answer, slot_of(request, context.services.streams))
    page = await context.services.listings.changes(
        context.caller,
        collection,
        since or 0,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        wait=wait,
    )
    items = [bodies.change_answer(change) for change in page.changes]
    return json_response({"changes": items, "last": page.last})


def stored_response(collection: str, stored: Stored) -> Response:
    """Return the response for a document that was written."""
    headers = {"ETag": bodies.quoted(stored.etag)}
    if stored.created:
        key = quote(stored.key, safe="")
        headers["Location"] = f"/api/v1/store/{collection}/{key}"
    status = 201 if stored.created else 200
    return json_response(bodies.stored_answer(stored), status, headers)
