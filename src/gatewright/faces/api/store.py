"""Collections of JSON documents: ``/store`` and ``/store/{collection}``."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.core.pages import Page, page_limit
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
from gatewright.web.context import Context
from gatewright.web.events import Message, event_stream, last_event_id
from gatewright.web.json_model import json_body
from gatewright.web.listing import Cursor, Limit, json_response, listing
from gatewright.web.turns import Counted, turn_of

router = APIRouter(tags=["store"])

MAXIMUM_PAGE = 1000
_LARGE = 65_536
_ABSENT: bodies.Responses = {
    404: {"description": "There is none that the caller may read."}
}
_REFUSED: bodies.Responses = {
    **_ABSENT,
    403: {"description": "The caller may read it, and not do this."},
}


@router.get(
    "/store",
    operation_id="listCollections",
    response_model=bodies.CollectionList,
    summary="Collections I may see",
)
async def list_collections(
    request: Request, context: Context, limit: Limit = None, cursor: Cursor = None
) -> Response:
    """List collections that are the caller's, or of which they may read something."""
    page = await context.services.store.collections(
        context.caller, page_limit(limit, MAXIMUM_PAGE), cursor
    )
    items = [bodies.collection_answer(view) for view in page.items]
    return listing(request, "collections", Page(items, page.next))


@router.get(
    "/store/usage",
    operation_id="getStoreUsage",
    response_model=bodies.StoreUsageAnswer,
    summary="What I have stored",
)
async def usage(context: Context) -> Response:
    """Tell how much the caller's documents take, and how much they may."""
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
        413: {"description": "More documents are to be sorted than a request reads."},
    },
)
async def list_documents(
    request: Request,
    context: Context,
    collection: CollectionName,
    prefix: Annotated[
        str, Query(description="Only keys that begin so.", examples=["2011/"])
    ] = "",
    query: Annotated[
        list[str] | None,
        Query(
            description="A condition “field:operator:value”; give it again for more, "
            "all of which must hold. Operators: eq, ne, lt, le, gt, ge, in (a JSON "
            "list), prefix, exists (true or false). The field's names are joined by "
            "dots; before a dot, colon or backslash that is part of a name stands a "
            "backslash. The value is JSON, or plain text where it is not.",
            examples=[["magnitude:lt:20.5", "name:prefix:SN"]],
        ),
    ] = None,
    sort: Annotated[
        list[str] | None,
        Query(
            description="A field to sort by, with “-” before it from the largest down; "
            "give it again for what decides between equal ones (at most 4). Numbers "
            "come first, then texts, false, true, null, lists and objects; documents "
            "without the field are last. By default the order is that of the keys.",
            examples=[["-magnitude", "name"]],
        ),
    ] = None,
    fields: Annotated[
        list[str] | None,
        Query(
            description="A field of the documents that is wanted; give it again for "
            "more. Objects keep these members alone, other values are given whole.",
            examples=[["magnitude", "position.ra"]],
        ),
    ] = None,
    count: Annotated[
        bool, Query(description="Tell how many documents the whole list has.")
    ] = False,
    view: Annotated[
        Literal["documents", "collection"],
        Query(description="“collection”: tell about the collection itself."),
    ] = "documents",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List documents that the caller may read, by key, with their contents.

    A page ends at “limit” documents or 8 MiB. A query without an index reads at most
    10,000 documents for one page: the page may then be short or empty, “next” goes
    on, and “advice” says which index would help. A sorted list has at most 10,000
    documents.
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
        limit=page_limit(limit, MAXIMUM_PAGE),
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
    summary="Make or change a collection",
    openapi_extra=json_body(bodies.CollectionBody),
    responses={
        **_REFUSED,
        201: {"description": "It was made.", "model": bodies.CollectionAnswer},
        412: {"description": "It is there, and “If-None-Match: *” was sent."},
    },
)
async def save_collection(
    request: Request, context: Context, collection: CollectionName
) -> Response:
    """Make a collection, or change its indexes and permissions.

    A name belongs to whoever uses it first, in the whole gateway. A collection is its
    owner's alone until permissions say otherwise.
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
        Query(description="Make a key that sorts by time, or count from 0."),
    ] = "time",
    expires_in: ExpiresIn = None,
) -> Response:
    """Store the JSON document of the body; “Location” says where."""
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
    """Make or replace up to 1,000 documents, all of them or none."""
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
    summary="What changed in a collection",
    responses={
        **_ABSENT,
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        409: {"description": "The number is too old: list the documents anew."},
    },
)
async def changes(
    request: Request,
    context: Context,
    collection: CollectionName,
    since: Annotated[
        int | None,
        Query(
            description="The last number seen; 0 for all.", ge=0, lt=2**53, examples=[0]
        ),
    ] = None,
    wait: Annotated[
        float,
        Query(
            description="Wait so many seconds for a change.",
            ge=0,
            le=LONGEST_WAIT,
            allow_inf_nan=False,
        ),
    ] = 0.0,
    limit: Limit = None,
) -> Response:
    """Tell the last change of each document that changed after “since”.

    Deletions are among them, for 30 days. With “Accept: text/event-stream” the
    changes come as server-sent events as they happen, from “Last-Event-ID” or “since”
    on, or from now.
    """
    if "text/event-stream" in request.headers.get("accept", ""):
        # A browser that comes back asks for the same URL and says what it has seen.
        seen = last_event_id(request)
        after = since if seen is None else seen
        # What is wrong is said before the stream begins.
        last = await context.services.listings.start(context.caller, collection, after)
        changes = context.services.listings.follow(context.caller, collection, last)

        async def messages() -> AsyncIterator[Message | None]:
            async for change in changes:
                data = msgspec.json.encode(bodies.change_answer(change)).decode()
                kind = "document.deleted" if change.deleted else "document.put"
                yield Message(data, kind, str(change.number))

        answer = event_stream(messages())
        return Counted(answer, turn_of(request, context.services.streams))
    page = await context.services.listings.changes(
        context.caller,
        collection,
        since or 0,
        limit=page_limit(limit, MAXIMUM_PAGE),
        wait=wait,
    )
    items = [bodies.change_answer(change) for change in page.changes]
    return json_response({"changes": items, "last": page.last})


def stored_response(collection: str, stored: Stored) -> Response:
    """Return the answer about a document that was written."""
    headers = {"ETag": bodies.quoted(stored.etag)}
    if stored.created:
        key = quote(stored.key, safe="")
        headers["Location"] = f"/api/v1/store/{collection}/{key}"
    status = 201 if stored.created else 200
    return json_response(bodies.stored_answer(stored), status, headers)
