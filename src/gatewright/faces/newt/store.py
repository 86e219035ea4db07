"""NEWT's ``/store``: stores of numbered objects, kept in the gateway's collections.

A store is a collection, and an object is a document whose key is its number. The
permissions of the collection are checked for every method.
"""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request

from gatewright.core.errors import InvalidContent, InvalidRequest, TooLarge
from gatewright.core.ids import new_id
from gatewright.core.pages import pages
from gatewright.domains.store import (
    Condition,
    Document,
    Operator,
    Permissions,
    Right,
    Selection,
    check_field,
)
from gatewright.faces.newt.forms import read_form
from gatewright.web.context import RequestContext, request_context
from gatewright.web.json_body import decode_json, is_json

MOST_OBJECTS = 10_000
MOST_BYTES = 8 << 20
"""Most bytes of the objects in a response; like :data:`MOST_OBJECTS` it is a limit
since NEWT has no pages."""

_WORDS = {"r": Right.READ, "w": Right.WRITE}


async def names(request: Request) -> object:
    """List the stores that the caller may see."""
    context = request_context(request)
    every = pages(partial(context.services.store.collections, context.caller, 1000))
    return [view.collection.name async for page in every for view in page.items]


async def create_unnamed(request: Request) -> object:
    """Create a store with a new name, and an object in it if one is sent."""
    return await _create(request, f"store-{new_id()}")


async def create(request: Request) -> object:
    """Create a store, and append an object if one is sent."""
    return await _create(request, request.path_params["name"])


async def _create(request: Request, name: str) -> object:
    context = request_context(request)
    context.caller.require_user()
    data = await _sent(request)
    store = context.services.store
    if data is None:
        await store.save_collection(context.caller, name)
        return {"id": name, "oid": []}
    body = data.encode()
    stored = await store.add(context.caller, name, body, numbered=True)
    return {"id": name, "oid": [int(stored.key)]}


async def _sent(request: Request) -> str | None:
    """Return the form field ``data`` as JSON text; other text becomes a JSON string."""
    data = (await read_form(request)).get("data")
    if data is None:
        return None
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return json.dumps(data)
    return data


async def contents(request: Request) -> object:
    """Return the objects of a store, all or those that match ``query``.

    ``query`` is a JSON object of fields and the values that they must have.

    Raises
    ------
    TooLarge
        The objects are more than a response may have.
    """
    selection = Selection(conditions=query(request.query_params.get("query")))
    found: list[Document] = []
    cursor: str | None = None
    while True:
        page = await request_context(request).services.listings.documents(
            request_context(request).caller,
            request.path_params["name"],
            selection,
            limit=1000,
            cursor=cursor,
        )
        found += page.documents
        cursor = page.next
        if len(found) > MOST_OBJECTS or sum(d.size for d in found) > MOST_BYTES:
            raise TooLarge(
                f"The objects are more than {MOST_OBJECTS}, or {MOST_BYTES} bytes. "
                "Choose some by “query”; /api/v1/store has pages."
            )
        if cursor is None:
            break

    def objects() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = [
            {"oid": number(one.key), "data": msgspec.json.decode(one.text)}
            for one in found
        ]
        # Sorted by number; keys that are no numbers come last.
        return sorted(items, key=lambda i: (isinstance(i["oid"], str), i["oid"]))

    return await asyncio.to_thread(objects)


def number(key: str) -> int | str:
    """Return a document's key as NEWT's object number; other keys remain text."""
    return int(key) if key.isascii() and key.isdigit() else key


async def drop(request: Request) -> object:
    """Delete a store with its objects, and return its name."""
    context = request_context(request)
    name: str = request.path_params["name"]
    await context.services.store.drop_collection(context.caller, name)
    return name


async def read_object(request: Request) -> object:
    """Return the data of an object."""
    context = request_context(request)
    name, key = request.path_params["name"], str(request.path_params["oid"])
    view = await context.services.store.get(context.caller, name, key)
    return msgspec.json.decode(view.document.text)


async def write_object(request: Request) -> object:
    """Replace the data of an existing object, and return its number."""
    context = request_context(request)
    name, key = request.path_params["name"], str(request.path_params["oid"])
    await context.services.store.get(context.caller, name, key)
    if is_json(request.headers.get("content-type", "")):
        body = await request.body()
        value = decode_json(body)
        if not isinstance(value, dict) or "data" not in value:
            raise InvalidContent("Send {“data”: …} as JSON.")
        # The raw text is kept, so that numbers keep their digits.
        data = bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["data"])
    else:
        sent = await _sent(request)
        if sent is None:
            raise InvalidContent("Send {“data”: …} as JSON.")
        data = sent.encode()
    await context.services.store.put(context.caller, name, key, data)
    return request.path_params["oid"]


async def permissions(request: Request) -> object:
    """Return the permissions of a store."""
    context = request_context(request)
    return await _permissions(context, request.path_params["name"])


async def _permissions(context: RequestContext, name: str) -> object:
    view = await context.services.store.collection(context.caller, name)
    owner = {"name": view.collection.owner, "perms": ["r", "w"]}
    users = view.permissions.users if view.permissions else {}
    others = [
        {"name": user, "perms": words(right)}
        for user, right in users.items()
        if user != view.collection.owner
    ]
    return {"name": name, "perms": [owner, *others]}


def words(right: Right) -> list[str]:
    """Return a right as NEWT's letters, ``r`` and ``w``."""
    return [letter for letter, least in _WORDS.items() if right >= least]


async def set_permissions(request: Request) -> object:
    """Set the permissions of the named users on a store."""
    context = request_context(request)
    context.caller.require_user()
    name = request.path_params["name"]
    # Who may not see the store hears that, whatever the body is.
    await context.services.store.collection(context.caller, name)
    data = decode_json(((await read_form(request)).get("data") or "").encode())
    changed = Permissions(asked(data), others_stay=True)
    await context.services.store.save_collection(
        context.caller, name, permissions=changed
    )
    return await _permissions(context, name)


def asked(data: object) -> Mapping[str, Right]:
    """Return the rights in a list of ``{"name", "perms"}`` objects.

    Raises
    ------
    InvalidContent
        The value is not such a list.
    """
    if not isinstance(data, list):
        raise _not_permissions()
    rights: dict[str, Right] = {}
    for item in data:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise _not_permissions()
        letters = item.get("perms")
        if not (isinstance(letters, list) and all(str(x) in _WORDS for x in letters)):
            raise _not_permissions()
        rights[item["name"]] = max((_WORDS[x] for x in letters), default=Right.NONE)
    return rights


def _not_permissions() -> InvalidContent:
    return InvalidContent("“data” has to be [{“name”: …, “perms”: [“r”, “w”]}, …].")


def query(text: str | None) -> tuple[Condition, ...]:
    """Return the conditions of a query: fields and the values that they must have.

    Raises
    ------
    InvalidContent
        The text is not a JSON object of plain values.
    """
    if not text:
        return ()
    try:
        value = decode_json(text.encode("utf-8", "surrogateescape"))
    except InvalidRequest:
        value = None
    if not isinstance(value, dict):
        raise InvalidContent("“query” has to be a JSON object of fields and values.")
    if any(isinstance(wanted, dict | list) for wanted in value.values()):
        raise InvalidContent("“query” may have only fields with plain values.")
    return tuple(
        Condition(check_field(field), Operator.EQ, wanted)
        for field, wanted in value.items()
    )
