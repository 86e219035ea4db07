"""Files: ``/files``, ``/files/{system}`` and ``/files/{system}/{path}``."""

from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gatewright.core.errors import Conflict, InvalidRequest
from gatewright.core.pages import Page, page_limit
from gatewright.domains.files import Algorithm, Entry
from gatewright.faces.api.archives import ArchiveFormat, archive_response
from gatewright.faces.api.file_answers import (
    ChecksumAnswer,
    EntryAnswer,
    FolderPage,
    SystemAnswer,
    SystemList,
    cursor_of,
    entry_answer,
    folder_page,
    name_after,
    system_answer,
)
from gatewright.faces.api.file_requests import (
    FileOperation,
    carry_out,
    match_of,
    precondition,
    refuse_folder_name,
)
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.context import Context
from gatewright.web.digests import declared_digests
from gatewright.web.disconnect import while_connected
from gatewright.web.json_model import BINARY, json_body, read_model
from gatewright.web.listing import Cursor, Limit, json_response, listing
from gatewright.web.paths import encode_path, rest_of_path
from gatewright.web.upload import declared_length, declared_time, file_body
from gatewright.web.user_content import user_content
from gatewright.web.user_files import user_file_response

router = APIRouter(tags=["files"])

_PARTS = 2
_REFUSALS: dict[int | str, dict[str, object]] = {
    403: {"description": "File permissions deny it, or the account has no files."},
    404: {"description": "There is no such file, folder or system."},
}

System = Annotated[
    str, Path(title="System", description="Name of the system.", examples=["local"])
]
FilePath = Annotated[
    str,
    Path(
        title="Path",
        description="Path from the root of the system's files. File names are bytes; "
        "all that is not plain ASCII is percent-encoded, as in “path” of a listing. "
        "“%2F” counts as a slash. “..” is refused.",
        examples=["runs/output.txt"],
    ),
]
View = Annotated[
    Literal["content", "stat", "checksum", "tail", "archive"],
    Query(
        title="View",
        description="“content”: the bytes of a file, or a page of a folder. “stat”: "
        "type, size and other metadata. “checksum”: a checksum of the file. “tail”: "
        "the last lines of the file. “archive”: the whole folder as an archive.",
    ),
]
ChecksumAlgorithm = Annotated[
    Algorithm,
    Query(
        title="Algorithm",
        description="Hash function of the checksum.",
        examples=["sha256"],
    ),
]
Format = Annotated[
    ArchiveFormat,
    Query(
        alias="format",
        title="Format",
        description="Format of the archive. Files that cannot be read are listed in "
        "its last member, “NAME-missing.txt”; on other failures the connection breaks.",
    ),
]
Lines = Annotated[
    int,
    Query(title="Lines", description="Number of last lines.", ge=1, le=10_000),
]
Follow = Annotated[
    bool,
    Query(title="Follow", description="“stat” describes the target of a link."),
]
Recursive = Annotated[
    bool,
    Query(title="Recursive", description="Delete a folder with its content."),
]


@router.get(
    "/files",
    operation_id="listFileSystems",
    response_model=SystemList,
    summary="Systems with files",
)
async def systems(request: Request, context: Context) -> Response:
    """List the systems that have files, and your home folder on each."""
    found = await context.services.files.systems(context.caller)
    return listing(request, "systems", Page([system_answer(one) for one in found]))


@router.get(
    "/files/{system}",
    operation_id="getFileSystem",
    response_model=SystemAnswer,
    responses=_REFUSALS,
    summary="Files of a system",
)
async def one_system(context: Context, system: System) -> Response:
    """Return your home folder on a system, and the free space there."""
    files = context.services.files
    home = await files.system(context.caller, system)
    space = await files.space(context.caller, system, home.home)
    return json_response(system_answer(home, space))


@router.head(
    "/files/{system}/{path:rest}",
    operation_id="headFile",
    summary="Size, type and tag of a file",
    response_class=Response,
    responses={
        **_REFUSALS,
        200: {"description": "The file or folder exists."},
    },
)
@router.get(
    "/files/{system}/{path:rest}",
    operation_id="readFile",
    summary="Download a file, list a folder",
    response_class=Response,
    responses={
        **_REFUSALS,
        200: {
            "description": "The bytes of a file, a page of a folder, or an archive.",
            "content": {
                "application/octet-stream": {"schema": BINARY},
                "*/*": {"schema": BINARY},  # by the file's name
                "application/json": {},
            },
            "model": FolderPage | EntryAnswer | ChecksumAnswer,
        },
        206: {"description": "The requested ranges of the file."},
        304: {"description": "The file has not changed."},
        416: {"description": "The range lies outside the file."},
    },
)
async def read(
    request: Request,
    context: Context,
    system: System,
    path: FilePath,
    view: View = "content",
    algorithm: ChecksumAlgorithm = Algorithm.SHA256,
    form: Format = ArchiveFormat.ZIP,
    lines: Lines = 10,
    limit: Limit = None,
    cursor: Cursor = None,
    *,
    follow: Follow = False,
) -> Response:
    """Return the bytes of a file, a page of a folder, or an archive of the folder.

    Files support conditional requests and byte ranges. An archive is sent while it is
    created, without a length, so it has no ranges.
    """
    files, caller = context.services.files, context.caller
    raw = rest_of_path(request.scope, _PARTS)
    if view == "stat":
        entry = await files.stat(caller, system, raw, follow=follow)
        return _entry_response(request, system, raw, entry)
    if view == "checksum":
        work = files.checksum(caller, system, raw, algorithm)
        found = await while_connected(request, work)
        return json_response(ChecksumAnswer.of(found))
    if view == "tail":
        entry, text = await files.tail(caller, system, raw, lines)
        _, headers = user_content(entry.name)
        headers.pop("Content-Disposition")
        return Response(text, headers=headers, media_type="text/plain; charset=utf-8")
    if view == "archive":
        entry, members = await files.members(caller, system, raw)
        answer = archive_response(members, entry.name or system.encode(), form)
        return Counted(answer, slot_of(request, files.downloads))

    async def page() -> Response:
        found = await files.list(
            caller, system, raw, after=name_after(cursor), limit=page_limit(limit)
        )
        return listing(
            request,
            "entries",
            Page(folder_page(raw, found.entries), cursor_of(found.next)),
            headers={"Cache-Control": "private, no-cache"},
        )

    if limit is not None or raw.endswith(b"/"):
        # Most likely a folder: it is not opened first to see whether it is one.
        with suppress(Conflict, InvalidRequest):
            return await page()
    opened = await files.open(caller, system, raw)
    if opened.descriptor is None:
        return await page()
    return await user_file_response(request, opened)


@router.put(
    "/files/{system}/{path:rest}",
    operation_id="writeFile",
    response_model=EntryAnswer,
    status_code=201,
    summary="Upload a file",
    openapi_extra={
        "requestBody": {
            "description": "The content of the file, of any type.",
            "content": {"application/octet-stream": {"schema": BINARY}},
        }
    },
    responses={
        **_REFUSALS,
        200: {"description": "An existing file was replaced."},
        400: {"description": "The declared digest or length does not fit the body."},
        409: {
            "description": "The path is a folder, a pipe or a device, or a link to one "
            "or to nothing."
        },
        412: {"description": "“If-Match” or “If-None-Match” does not hold."},
        413: {"description": "The file is above the limit."},
        507: {"description": "The disk or a quota is full."},
    },
)
async def upload(
    request: Request, context: Context, system: System, path: FilePath
) -> Response:
    """Write a whole file, or nothing: the new content appears in one step, on disk.

    With “If-None-Match: *” an existing file is refused; with “If-Match” only the
    version that you read is replaced. If the path is a symbolic link, its target is
    written. With “Repr-Digest” (RFC 9530; sha-256, sha-512) a body that was damaged on
    its way is refused. “X-OC-MTime” (seconds since 1970) sets the modification time.
    """
    raw = refuse_folder_name(rest_of_path(request.scope, _PARTS))
    stored = await context.services.files.put(
        context.caller,
        system,
        raw,
        file_body(request),
        length=declared_length(request),
        condition=precondition(request.headers),
        digests=declared_digests(request.headers),
        modified_ns=declared_time(request),
    )
    status = 201 if stored.created else 200
    return _entry_response(request, system, raw, stored.entry, status)


@router.post(
    "/files/{system}/{path:rest}",
    operation_id="changeFile",
    response_model=EntryAnswer,
    status_code=201,
    summary="Make a folder, copy, move, link, change the mode",
    openapi_extra=json_body(FileOperation),
    responses={**_REFUSALS, 409: {"description": "The destination exists already."}},
)
async def change(
    request: Request, context: Context, system: System, path: FilePath
) -> Response:
    """Carry out the operation “op” on a path, and return the resulting entry."""
    raw = rest_of_path(request.scope, _PARTS)
    asked = await read_model(request, FileOperation)
    work = carry_out(context, system, raw, asked)
    if asked.op == "copy":
        work = while_connected(request, work)
    entry, where = await work
    status = 200 if asked.op == "chmod" else 201
    return _entry_response(request, system, where, entry, status)


@router.delete(
    "/files/{system}/{path:rest}",
    operation_id="deleteFile",
    status_code=204,
    summary="Delete",
    responses={**_REFUSALS, 409: {"description": "The folder is not empty."}},
)
async def delete(
    request: Request,
    context: Context,
    system: System,
    path: FilePath,
    *,
    recursive: Recursive = False,
) -> Response:
    """Delete a file, a link, an empty folder or, with “recursive”, a whole folder."""
    await context.services.files.remove(
        context.caller,
        system,
        rest_of_path(request.scope, _PARTS),
        recursive=recursive,
        match=match_of(request.headers),
    )
    return Response(status_code=204)


def _entry_response(
    request: Request, system: str, path: bytes, entry: Entry, status: int = 200
) -> Response:
    headers = {"ETag": entry.etag, "Cache-Control": "private, no-cache"}
    if status == 201:
        root = request.scope.get("root_path", "")
        headers["Location"] = f"{root}/files/{system}{encode_path(path)}"
    return json_response(entry_answer(path, entry), status, headers)
