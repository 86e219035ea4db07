"""NEWT's ``/file``: listing folders like ``ls``, reading and writing files."""

import asyncio
import stat
import time

from starlette.requests import Request

from gatewright.core.caller import Scope
from gatewright.core.errors import TooLarge
from gatewright.domains.files import Entry
from gatewright.faces.newt.forms import UploadedFile
from gatewright.web.context import request_context
from gatewright.web.digests import declared_digests
from gatewright.web.paths import encode_path, rest_of_path
from gatewright.web.scopes import needs_any
from gatewright.web.upload import declared_length, declared_time, file_body
from gatewright.web.user_files import user_file_response

MOST_ENTRIES = 100_000
"""Most entries of a folder that is listed, since NEWT has no pages."""

_CLASSIC, _SECOND = 2, 3
"""Numbers of path segments before a file's path, in classic NEWT and NEWT 2.0."""
_PAGE = 5000
_HALF_YEAR = 182 * 86_400
_may_write = needs_any(Scope.FILES_WRITE)


async def systems(request: Request) -> object:
    """List the names of the systems that have files."""
    context = request_context(request)
    found = await context.services.files.systems(context.caller)
    return [system.name for system in found]


async def read(request: Request) -> object:
    """Handle GET in classic NEWT, where ``view=read`` asks for the bytes."""
    download = request.query_params.get("view") == "read"
    return await _read(request, _CLASSIC, download=download)


async def second_read(request: Request) -> object:
    """Handle GET in NEWT 2.0, where ``download=true`` asks for the bytes."""
    download = request.query_params.get("download", "").lower() == "true"
    return await _read(request, _SECOND, download=download)


async def _read(request: Request, depth: int, *, download: bool) -> object:
    """Return a folder's entries, a file's entry, or the file's bytes."""
    context = request_context(request)
    system, path = request.path_params["system"], rest_of_path(request.scope, depth)
    opened = await context.services.files.open(context.caller, system, path)
    if opened.descriptor is not None and download:
        return await user_file_response(request, opened)
    opened.close()
    if opened.descriptor is None and stat.S_ISDIR(opened.entry.mode):
        return await folder(request, system, path)
    return [line(opened.entry)]


async def folder(request: Request, system: str, path: bytes) -> list[object]:
    """Return all entries of a folder, ``.`` and ``..`` first.

    Raises
    ------
    TooLarge
        The folder has more than 100,000 entries.
    """
    context = request_context(request)
    files = context.services.files
    here = await files.stat(context.caller, system, path, follow=True)
    entries: list[Entry] = []
    after: bytes | None = b""
    while after is not None:
        page = await files.list(context.caller, system, path, after=after, limit=_PAGE)
        entries += page.entries
        after = page.next
        if len(entries) > MOST_ENTRIES:
            raise TooLarge(
                f"The folder has more than {MOST_ENTRIES} entries, and NEWT has no "
                "pages. /api/v1/files has."
            )

    def lines() -> list[object]:
        return [line(here, b"."), line(here, b".."), *map(line, entries)]

    return await asyncio.to_thread(lines)


def line(entry: Entry, name: bytes | None = None) -> dict[str, object]:
    """Return an entry with the columns of ``ls -l``."""
    shown = {
        "perms": stat.filemode(entry.mode),
        "hardlinks": str(entry.links),
        "user": entry.owner,
        "group": entry.group,
        "size": str(entry.size),
        "date": date(entry.modified_at),
        "name": text(entry.name if name is None else name),
    }
    if entry.target is not None and name is None:
        shown["symlink"] = text(entry.target)
    return dict(shown)


def text(name: bytes) -> str:
    """Return a name as text; a name that is not UTF-8 is percent-encoded."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return encode_path(name).lstrip("/") if name else ""


def date(moment: float) -> str:
    """Return a time as ``ls -l`` shows it: with the hour if recent, else the year."""
    form = "%b %e %H:%M" if abs(time.time() - moment) < _HALF_YEAR else "%b %e  %Y"
    return time.strftime(form, time.localtime(moment))


async def write(request: Request) -> object:
    """Write a file from the request's body; respond as classic NEWT does."""
    return {"status": "OK", "file": await _write(request, _CLASSIC), "error": ""}


async def second_write(request: Request) -> object:
    """Write a file from the request's body; respond as NEWT 2.0 does."""
    return {"location": await _write(request, _SECOND)}


async def _write(request: Request, depth: int) -> str:
    """Write a file from the request's body and return its path."""
    context = request_context(request)
    system, path = request.path_params["system"], rest_of_path(request.scope, depth)
    await context.services.files.put(
        context.caller,
        system,
        path,
        file_body(request),
        length=declared_length(request),
        digests=declared_digests(request.headers),
        modified_ns=declared_time(request),
    )
    return encode_path(path)


async def upload(request: Request) -> object:
    """Write the file in a multipart form into a folder."""
    context = request_context(request)
    await _may_write(context)  # before the form is read
    system, path = request.path_params["system"], rest_of_path(request.scope, _CLASSIC)
    sent = UploadedFile(request)
    name = (await sent.name()).encode()
    await context.services.files.put(
        context.caller, system, path.rstrip(b"/") + b"/" + name, sent.blocks()
    )
    return {"status": "OK", "file": name.decode(), "error": ""}
