"""The ten DECam frames behind the real app, with one difference of their groups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.support.app import caller, client
from tests.support.needs import shared_data
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

RA, DEC = 318.108333, -66.015556
"""The residual at 21h12m26.0s -66d00m56s."""
PLACE = f"CIRCLE {RA} {DEC} 0.0005"


@dataclass
class Night:
    """A gateway with one difference of the ten frames."""

    services: SkyServices
    difference: str
    stack: AsyncExitStack

    async def client(self, user: str = "", *groups: str) -> httpx.AsyncClient:
        who: Caller = caller(user, Role.GUEST, *groups) if user else visitor()
        app = face.build(self.services)  # type: ignore[arg-type]
        opened = client(app, self.services, who)  # type: ignore[arg-type]
        return await self.stack.enter_async_context(opened)


async def made(
    api: httpx.AsyncClient, body: dict[str, Any], path: str = "/differences"
) -> Any:
    """Ask for a product and return it when it is ready."""
    answer = await api.post(path, json=body, timeout=120)
    assert answer.status_code in {201, 202}, answer.text
    url = answer.headers["location"].removeprefix("/api/v1")
    found = answer.json()
    for _ in range(300):
        if found["state"] != "working":
            break
        await asyncio.sleep(0.2)
        found = (await api.get(url)).json()
    assert found["state"] == "ready", found
    return found


def night_times() -> str:
    """Return a table of times for two nights, since all headers tell one."""
    times = ["file,time"]
    for group, day in (("04", 10), ("18", 24)):
        for minute, letter in enumerate("abcde"):
            name = f"DEC-OBS{group}{letter}.mini.fits"
            times.append(f"{name},2018-08-{day}T05:{minute:02}:00Z")
    return "\n".join(times)


@asynccontextmanager
async def decam_night(folder: Path) -> AsyncIterator[Night]:
    """Open a gateway over the frames, as a public survey and as one of a team."""
    frames = shared_data("sky", "decam_mini")
    table = folder / "times.csv"
    table.write_text(night_times())
    surveys = [
        SurveySource(id="timed", images=f"{frames}/*.f*", times=table),
        SurveySource(id="team", images=f"{frames}/*.f*", access=["eve", "team"]),
    ]
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(sky_services(folder, surveys))
        opened = Night(services, "", stack)
        bob = await opened.client("bob")
        body = {
            "science": {"survey": "timed", "time": "2018-08-10"},
            "reference": {"survey": "timed", "time": "2018-08-24"},
        }
        opened.difference = (await made(bob, body))["id"]
        yield opened
