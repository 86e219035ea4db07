"""Parses requests that change files, and carries them out."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gatewright.core.errors import InvalidRequest
from gatewright.domains.files import Entry, Precondition
from gatewright.web.conditional import entity_tags
from gatewright.web.context import RequestContext
from gatewright.web.paths import decode_path


class FileOperation(BaseModel):
    """An operation on the path of the request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    op: Literal["mkdir", "copy", "move", "link", "chmod"] = Field(
        description="“mkdir”: create the folder. “copy”, “move”: to “destination”. "
        "“link”: create a link to “target” at the path. “chmod”: set “mode”."
    )
    destination: str | None = Field(
        None,
        description="New path, percent-encoded as in a listing; one that does not "
        "begin with “/” is relative to home.",
        examples=["/runs/copy.txt"],
    )
    replace: bool = Field(False, description="Replace a file at the destination.")
    parents: bool = Field(
        False,
        description="Create missing parent folders, and accept an existing folder.",
    )
    target: str | None = Field(
        None,
        description="Target of the link, percent-encoded.",
        examples=["output.txt"],
    )
    symbolic: bool = Field(True, description="Create a symbolic link, not a hard link.")
    mode: str | None = Field(
        None,
        description="Permission bits in octal.",
        pattern="^[0-7]{3,4}$",
        examples=["0640"],
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needs = {
            "copy": "destination",
            "move": "destination",
            "link": "target",
            "chmod": "mode",
        }
        name = needs.get(self.op)
        if name is not None and not getattr(self, name):
            raise ValueError(f"“{self.op}” needs “{name}”")
        return self


async def carry_out(
    context: RequestContext, system: str, path: bytes, asked: FileOperation
) -> tuple[Entry, bytes]:
    """Carry out an operation; return the resulting entry and its path."""
    files, caller = context.services.files, context.caller
    if asked.op in {"copy", "move"}:
        given = decode_path((asked.destination or "").encode())
        act = files.copy if asked.op == "copy" else files.move
        entry = await act(caller, system, path, given, replace=asked.replace)
        return entry, await files.resolve(caller, system, given)
    if asked.op == "mkdir":
        entry = await files.mkdir(caller, system, path, parents=asked.parents)
    elif asked.op == "link":
        target = decode_path((asked.target or "").encode())
        entry = await files.link(caller, system, path, target, symbolic=asked.symbolic)
    else:
        entry = await files.chmod(caller, system, path, int(asked.mode or "", 8))
    return entry, path


def refuse_folder_name(path: bytes) -> bytes:
    """Return the path of a file unchanged.

    Raises
    ------
    InvalidRequest
        The path ends with a slash, and so names a folder.
    """
    if path.endswith(b"/"):
        raise InvalidRequest("The path of a file cannot end with a slash.")
    return path


def precondition(headers: Mapping[str, str]) -> Precondition:
    """Return the preconditions of a write (RFC 9110, section 13.1).

    Raises
    ------
    InvalidRequest
        ``If-Match`` or ``If-None-Match`` is malformed.
    """
    none_match = headers.get("if-none-match")
    create = none_match is not None and none_match.strip() == "*"
    return Precondition(
        create=create,
        match=match_of(headers),
        none_match=None
        if create or none_match is None
        else _versions(none_match, "W/"),
    )


def match_of(headers: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the file versions in ``If-Match``; None without the header."""
    field = headers.get("if-match")
    if field is None:
        return None
    return ("*",) if field.strip() == "*" else _versions(field)


def _versions(field: str, weak: str = "") -> tuple[str, ...]:
    """Return the versions in entity tags; weak ones count if ``weak`` is ``W/``."""
    tags = [tag.removeprefix(weak) for tag in entity_tags(field)]
    return tuple(tag[1:-1] for tag in tags if tag.startswith('"'))
