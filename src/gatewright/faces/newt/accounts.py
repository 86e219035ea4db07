"""NEWT's ``/account``: users, groups and their usage."""

import asyncio
import grp
import os
import pwd
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request

from gatewright.core.caller import Role, Scope
from gatewright.core.errors import NotFound
from gatewright.core.pages import MAXIMUM_LIMIT, Page, pages
from gatewright.domains.accounting import (
    LONGEST_DAYS,
    By,
    UsageLine,
    UsageQuery,
)
from gatewright.domains.identity import LOCAL, User
from gatewright.web.context import request_context


async def user(request: Request) -> object:
    """Return an account by name: one's own, or any account for the owner."""
    context = request_context(request)
    name = request.path_params["name"]
    found = await context.services.identity.users.get(context.caller, name)
    return user_shape(found)


async def user_by_id(request: Request) -> object:
    """Return an account by its uid, under the same conditions as by its name."""
    for found in await _visible(request):
        if user_id(found) == int(request.path_params["id"]):
            return user_shape(found)
    raise NotFound("There is no account with that number.")


def user_shape(user: User) -> dict[str, object]:
    """Return an account as JSON values; ``id`` is its uid, if it has one."""
    return {
        "username": user.name,
        "id": user_id(user),
        "name": _full_name(user),
        "role": user.role.value,
        "groups": sorted(user.groups),
    }


def user_id(user: User) -> int | None:
    """Return the uid that the account runs under; None if it runs nothing here."""
    return os.getuid() if _runs_this(user) else user.uid


def _runs_this(user: User) -> bool:
    """Return whether an account belongs to the person who runs the gateway."""
    return user.role is Role.OWNER and user.source == LOCAL


def _full_name(user: User) -> str:
    if not _runs_this(user):
        return user.name
    try:
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0] or user.name
    except KeyError:
        return user.name


async def group(request: Request) -> Mapping[str, object]:
    """Return a group with its members, by name."""
    return _group_shape(await _members(request, request.path_params["name"]))


async def group_by_id(request: Request) -> Mapping[str, object]:
    """Return a group with its members, by gid."""
    return _group_shape(await _members_by_id(request))


async def classic_group(request: Request) -> object:
    """Return a group as classic NEWT does: with ``items``, which has one row."""
    return _classic_shape(await _members(request, request.path_params["name"]))


async def classic_group_by_id(request: Request) -> object:
    """Return a group as :func:`classic_group` does, by gid."""
    return _classic_shape(await _members_by_id(request))


def _group_shape(found: "_Members") -> Mapping[str, object]:
    names = [user.name for user in found.users]
    return {"name": found.group, "id": found.gid, "users": names}


def _classic_shape(found: "_Members") -> object:
    return {**_group_shape(found), "items": [_group_columns(found)]}


async def group_users(request: Request) -> object:
    """Return the names of the members of a group."""
    found = await _members(request, request.path_params["name"])
    return [user.name for user in found.users]


async def classic_group_users(request: Request) -> object:
    """Return the members of a group as classic NEWT does: one row for each."""
    found = await _members(request, request.path_params["name"])
    return {
        "items": [
            {
                "uname": member.name,
                "user_id": user_id(member),
                "gecos": _full_name(member),
                **_group_columns(found),
            }
            for member in found.users
        ]
    }


def _group_columns(found: "_Members") -> Mapping[str, object]:
    year = datetime.now(UTC).year
    return {"gname": found.group, "gid": found.gid, "fiscal_year": year}


@dataclass(frozen=True, slots=True)
class _Members:
    """Those members of a group whom the caller may see."""

    group: str
    """Name of the group."""
    gid: int | None
    """Its number on the machine; None for a group of the gateway's own accounts."""
    users: Sequence[User]


async def _members(request: Request, name: str) -> _Members:
    found = [user for user in await _visible(request) if name in user.groups]
    if not found:
        raise NotFound(f"There is no group “{name[:80]}” that you may see.")
    gid = None
    if any(user.uid is not None for user in found):
        with suppress(KeyError):  # it was removed, and its members are told so later
            gid = (await asyncio.to_thread(grp.getgrnam, name)).gr_gid
    return _Members(name, gid, found)


async def _members_by_id(request: Request) -> _Members:
    """Return the members of a group of the machine by its number.

    A group of the gateway's own accounts has none, though it may have the same name.
    """
    request_context(request).caller.require(Scope.ACCOUNT_READ)
    gid = int(request.path_params["id"])
    with suppress(KeyError, OverflowError, NotFound):
        entry = await asyncio.to_thread(grp.getgrgid, gid)
        found = await _members(request, entry.gr_name)
        if found.gid == gid:
            return found
    raise NotFound("There is no group with that number that you may see.")


async def _visible(request: Request) -> list[User]:
    """Return the accounts that the caller may see: all, or only their own."""
    context = request_context(request)
    caller, users = context.caller, context.services.identity.users
    if not caller.may(Scope.ADMIN):
        return [await users.get(caller, caller.require_user())]
    every = pages(partial(users.page, caller, MAXIMUM_LIMIT))
    return [user async for page in every for user in page.items]


async def user_usage(request: Request) -> object:
    """Return what a user's jobs were given, by project."""
    context = request_context(request)
    name = request.path_params["name"]
    await context.services.identity.users.get(context.caller, name)
    return await _usage(request, person=name)


async def project_usage(request: Request) -> object:
    """Return what the jobs of a project were given, by those users one may see."""
    return await _usage(request, project=request.path_params["name"])


async def _usage(request: Request, **chosen: str) -> Mapping[str, object]:
    """Return rows of usage by user and project, of all systems and recorded days.

    Jobs without a project belong to the project “none”.
    """
    context = request_context(request)
    accounting = context.services.accounting
    last = accounting.today()
    by = (By.PERSON, By.PROJECT)
    query = UsageQuery(by, last - LONGEST_DAYS + 1, last, **chosen)

    async def lines(cursor: str | None) -> Page[UsageLine]:
        found = await accounting.usage(context.caller, query, MAXIMUM_LIMIT, cursor)
        return found.lines

    items = [
        {
            "user": row.keys[By.PERSON],
            "repo": row.keys[By.PROJECT],
            "jobs": row.amount.jobs,
            "cpu_hours": round(row.amount.cpu_seconds / 3600, 6),
            "node_hours": round(row.amount.node_seconds / 3600, 6),
            "gpu_hours": round(row.amount.gpu_seconds / 3600, 6),
            "wall_hours": round(row.amount.wall_seconds / 3600, 6),
        }
        async for page in pages(lines)
        for row in page.items
    ]
    return {"items": items}
