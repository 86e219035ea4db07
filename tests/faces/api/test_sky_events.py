"""Events of the sky in the stream of all events, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import AsCaller, caller
from tests.support.over_http import SECONDS, over_http
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Role
from gatewright.core.config import SurveySource
from gatewright.domains.discovery import CHANNEL
from gatewright.faces.api import face


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[SkyServices]:
    frame = fits.PrimaryHDU(pixels(40, 30, "f4"), tan_header(40, 30))
    write(tmp_path / "a.fits", frame)
    surveys = [
        SurveySource(id="open", images=f"{tmp_path}/*.fits"),
        SurveySource(id="team", images=f"{tmp_path}/*.fits", access=["eve"]),
    ]
    async with sky_services(tmp_path, surveys) as opened:
        yield opened


@pytest.fixture
async def bob(services: SkyServices) -> AsyncIterator[httpx.AsyncClient]:
    app = face.build(services)  # type: ignore[arg-type]
    heard = AsCaller(app, services, caller("bob", Role.GUEST))  # type: ignore[arg-type]
    async with over_http(heard) as client:
        yield client


async def test_new_scores_are_told_to_those_who_may_see_the_survey(
    bob: httpx.AsyncClient, services: SkyServices
) -> None:
    for survey in ("team", "open"):
        await services.events.publish(
            "candidates.rescored",
            f"classifiers/of-{survey}",
            CHANNEL,
            {"surveys": [survey], "version": 2},
        )
    for path in ("/events", "/candidates/events"):
        headers = {"Last-Event-ID": "0"}
        async with (
            asyncio.timeout(SECONDS),
            bob.stream("GET", path, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            lines = (line async for line in answer.aiter_lines() if line[:5] == "data:")
            event = json.loads((await anext(lines)).removeprefix("data:"))
        assert event["kind"] == "candidates.rescored"
        assert event["subject"] == "classifiers/of-open", path
