"""Search of the audit log: ``/admin/audit``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright.core.clock import timestamp
from gatewright.domains.identity import AuditRecord, AuditSearch, Outcome
from gatewright.faces.api.moments import Moment, moment
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.listing import Cursor, LargeLimit, listing

router = APIRouter(tags=["administration"])


class AuditRecordAnswer(BaseModel):
    """A requested change and its outcome."""

    number: int = Field(description="Position in the log: 1, 2, 3, …")
    at: str = Field(description="When it was recorded, RFC 3339 in UTC.")
    user: str | None = Field(description="Account; null for a visitor.")
    token: str | None = Field(description="Key of the token that was used, if any.")
    method: str = Field(description="HTTP method, or “CLI” for a command.")
    path: str = Field(description="Path as sent, without the query, or the command.")
    route: str | None = Field(
        description="Template of the path, such as “/api/v1/jobs/{system}/{job_id}”; "
        "null for a command, and in records of before it was recorded."
    )
    app: str | None = Field(
        description="What the request was sent with: “browser” or “program” for a "
        "session, “token:LABEL” for a personal token, “job:LABEL” for the token of a "
        "job, “cli” for a command; null for a visitor, and in records of before it was "
        "recorded."
    )
    status: int = Field(description="HTTP status of the response; 0 if not known.")
    outcome: Outcome = Field(
        description="“done”, “refused” (status 4xx), “failed” (5xx), or “unknown”."
    )
    address: str = Field(description="IP address of the client.")
    request_id: str = Field(description="Id of the request in the gateway's logs.")
    note: str = Field(description="Further information; may be empty.")


class AuditList(BaseModel):
    """A page of the audit log."""

    records: list[AuditRecordAnswer] = Field(
        description="Records, newest first. There may be few or none before the last "
        "page, as each looks at a part of the log."
    )
    next: str | None = Field(description="Cursor of the next page, null on the last.")


@router.get(
    "/admin/audit",
    operation_id="searchAudit",
    response_model=AuditList,
    summary="Who changed what",
)
async def search(
    request: Request,
    context: Context,
    user: Annotated[
        Annotated[str, Field(max_length=256)] | None,
        EMPTY_IS_NONE,
        Query(description="Only requests of this account."),
    ] = None,
    method: Annotated[
        Annotated[str, Field(max_length=32)] | None,
        EMPTY_IS_NONE,
        Query(description="Only this HTTP method, or “CLI”.", examples=["DELETE"]),
    ] = None,
    path: Annotated[
        str,
        Query(
            description="Only paths that begin so.",
            max_length=2048,
            examples=["/api/v1/jobs"],
        ),
    ] = "",
    route: Annotated[
        Annotated[str, Field(max_length=2048)] | None,
        EMPTY_IS_NONE,
        Query(
            description="Only requests of the route with this template.",
            examples=["/api/v1/jobs/{system}/{job_id}"],
        ),
    ] = None,
    app: Annotated[
        str,
        Query(
            description="Only requests sent with what begins so: “job” finds those "
            "with tokens of jobs.",
            max_length=256,
            examples=["job"],
        ),
    ] = "",
    since: Annotated[
        Moment | None,
        EMPTY_IS_NONE,
        Query(alias="from", description="Only from this time on, RFC 3339."),
    ] = None,
    until: Annotated[
        Moment | None,
        EMPTY_IS_NONE,
        Query(alias="to", description="Only before this time, RFC 3339."),
    ] = None,
    outcome: Annotated[
        Outcome | None,
        EMPTY_IS_NONE,
        Query(description="Only what was done, refused, failed, or is unknown."),
    ] = None,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """Search the audit log, which has every request that might have changed something.

    Requests that only read are not in it.
    """
    wanted = AuditSearch(
        user=user,
        method=method and method.upper(),
        path=path,
        route=route,
        app=app,
        since=moment("from", since),
        until=moment("to", until),
        outcome=outcome,
    )
    audit = context.services.identity.audit
    page = await audit.search(context.caller, wanted, limit, cursor)
    headers = {"Cache-Control": "no-store"}
    return listing(request, "records", page.map(_answer), headers=headers)


def _answer(record: AuditRecord) -> dict[str, object]:
    entry = record.entry
    return {
        "number": record.number,
        "at": timestamp(entry.at),
        "user": entry.user or None,
        "token": entry.token or None,
        "method": entry.method,
        "path": entry.path,
        "route": entry.route or None,
        "app": entry.app or None,
        "status": entry.status,
        "outcome": Outcome.of(entry.status),
        "address": entry.address,
        "request_id": entry.request_id,
        "note": entry.note,
    }
