"""A database of the first version is migrated with all that it holds.

Every record is read back through the application, as the version answered it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import numpy as np
import pytest
from astropy.io import fits
from tests.support import first_tables
from tests.support.first_tables import NEVER, OUTLINES, PASSWORD, TOKEN
from tests.support.identity import cheap_hasher
from tests.support.made_once import made_once
from tests.support.whole import URL

from gatewright.app import create_app
from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.core.config import Config

_SECONDS = 90.0


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Return which database the configuration names."""
    if request.param == "sqlite":
        return "sqlite"
    return str(request.getfixturevalue("postgresql_url"))


async def first_database(folder: Path, database: str, scanned: float) -> None:
    """Make the database of the first version, and the files that it knows."""
    (folder / "home").mkdir()
    first_tables.frames(folder / "night")
    (folder / "state").mkdir(mode=0o700)
    path = folder / "state" / "gateway.sqlite"
    opened: Database
    if database == "sqlite":
        opened, dialect = await SqliteDatabase.open(path, seconds=_SECONDS), SQLITE
    else:
        opened = await PostgresqlDatabase.open(database, seconds=_SECONDS)
        dialect = POSTGRESQL
    night, home = folder / "night", folder / "home"
    await first_tables.make(opened, dialect, night, home, scanned)
    await opened.close()


@asynccontextmanager
async def gateway(folder: Path, database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Start this version on the database; yield a client with the token of then."""
    home, night = str(folder / "home"), f"{folder}/night/*.fits"
    config = Config.model_validate(
        {
            "gateway": {"state": str(folder / "state"), "database": database},
            "identity": {"owner": "ada"},
            "systems": [{"name": "local", "home": home, "root": home}],
            "surveys": [{"id": "night", "title": "One night", "images": night}],
        }
    )
    app = create_app(config)
    cheap = patch("gatewright.composition.identity.Argon2Hasher", cheap_hasher)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with cheap, made_once():
        async with (
            app.opened(),
            httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as c,
        ):
            yield c


async def got(client: httpx.AsyncClient, target: str) -> Any:
    """Return the JSON of a resource of the API."""
    answer = await client.get(f"/api/v1/{target}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_record_is_read_back(tmp_path: Path, database: str) -> None:
    await first_database(tmp_path, database, NEVER)
    for _ in range(2):  # migrated by the first start, and as it is by the second
        async with gateway(tmp_path, database) as client:
            await check_images(client)
            await check_jobs(client, tmp_path / "home")
            await check_documents(client)
            await check_people(client)


async def check_images(client: httpx.AsyncClient) -> None:
    (survey,) = (await got(client, "surveys"))["surveys"]
    assert (survey["id"], survey["title"]) == ("night", "One night")
    coverage = await got(client, "surveys/night")
    assert (coverage["images"], coverage["cells"]) == (3, 6)
    assert (coverage["kinds"], coverage["bands"]) == ({"science": 3}, {"g": 2})
    assert (coverage["t_min"], coverage["t_max"]) == (
        58120.12783564815,
        58151.128530092596,
    )
    images = (await got(client, "images?survey=night"))["images"]
    assert [image["id"] for image in images] == ["night~a~0", "night~b~0", "night~c~1"]
    for image, outline in zip(images, OUTLINES, strict=True):
        assert await got(client, f"images/{image['id']}") == image
        corners = [number for corner in image["footprint"] for number in corner]
        assert corners == [float(word) for word in outline.split()]
        assert (image["width"], image["height"], image["file_size"]) == (32, 32, 8640)
        assert (image["calib_level"], image["time_assumed"]) == (2, False)
        circle = f"CIRCLE {image['ra']} {image['dec']} 0.001"
        near = (await got(client, f"images?pos={circle}"))["images"]
        assert near == [image]
    a, b, c = images
    assert (a["started_at"], a["ended_at"]) == (
        "2018-01-02T03:04:05.000Z",
        "2018-01-02T03:05:05.000Z",
    )
    assert (b["ra"], b["dec"]) == (359.9994226526397, -29.999499998740436)
    assert (a["band"], a["filter"]) == ("g", "g DECam SDSS c0001 4720.0 1520.0")
    assert (a["em_min"], a["em_max"], a["exposure"]) == (4.01e-07, 5.5e-07, 60.0)
    assert (a["facility"], a["instrument"], a["target"]) == (
        "Blanco",
        "DECam",
        "field 1",
    )
    assert [image["observation"] for image in images] == ["obs-a", "obs-b", "c.fits"]
    assert (c["hdu"], c["t_min"], c["band"], c["exposure"]) == (1, None, None, None)
    within = await got(client, "images?time=58120 58121&pos=CIRCLE 10 20 1")
    assert within["images"] == [a]
    assert (await got(client, "images?band=g&survey=night"))["images"] == [a, b]


async def check_jobs(client: httpx.AsyncClient, home: Path) -> None:
    jobs = (await got(client, "jobs/local"))["jobs"]
    assert [job["id"] for job in jobs] == ["2_1", "2_0", "1"]
    for job in jobs:
        assert (job["state"], job["exit_code"], job["user"]) == ("completed", 0, "ada")
        assert job["stdout_path"] == f"{home}/job-{job['id']}.out"
        assert job["usage"]["cpu_seconds"] == 0.125
        assert job["usage"]["peak_memory_bytes"] == 4096
        told = await got(client, f"jobs/local/{job['id']}")
        assert (told["id"], told["spec"]["arguments"]) == (job["id"], ["hi"])
    assert jobs[2]["started_at"] == "2026-11-30T01:29:12.000Z"
    assert [job["array_index"] for job in jobs] == [1, 0, None]
    assert (await got(client, "jobs/local/2"))["tasks"] == {"completed": 2}


async def check_documents(client: httpx.AsyncClient) -> None:
    (collection,) = (await got(client, "store"))["collections"]
    assert (collection["name"], collection["owner"]) == ("notes", "ada")
    assert (collection["documents"], collection["bytes"]) == (2, 22)
    assert collection["indexes"] == ["n"]
    documents = (await got(client, "store/notes"))["documents"]
    assert [one["key"] for one in documents] == ["one", "two"]
    assert [one["document"] for one in documents] == [{"n": 1, "t": "x"}, {"n": 2}]
    assert documents[0]["etag"] == '"eb845d0f73a36b98cb70332b38c4de91"'
    assert documents[0]["modified_by"] == "ada"
    permissions = await got(client, "store/notes/one/permissions")
    assert permissions["users"] == {"bob": "read"}
    changes = (await got(client, "store/notes/changes"))["changes"]
    assert [(one["key"], one["kind"]) for one in changes] == [
        ("two", "put"),
        ("one", "put"),
        ("three", "delete"),
    ]


async def check_people(client: httpx.AsyncClient) -> None:
    session = await got(client, "session")
    assert (session["user"], session["role"]) == ("ada", "owner")
    (token,) = (await got(client, "tokens"))["tokens"]
    assert (token["label"], token["user"]) == ("test", "ada")
    records = (await got(client, "admin/audit"))["records"]
    assert any(
        (record["method"], record["path"], record["status"])
        == ("PUT", "/api/v1/store/notes", 201)
        for record in records
    )
    before = records[-1]  # the oldest, of a version that recorded neither
    assert (before["number"], before["route"], before["app"]) == (1, None, None)


async def test_a_password_of_then_still_signs_in(tmp_path: Path, database: str) -> None:
    await first_database(tmp_path, database, NEVER)
    async with gateway(tmp_path, database) as client:
        del client.headers["Authorization"]
        body = {"user": "ada", "password": PASSWORD}
        answer = await client.post("/api/v1/session", json=body)
        assert answer.status_code in {200, 201}, answer.text


async def test_files_are_read_again_into_the_same_images(
    tmp_path: Path, database: str
) -> None:
    """Names of images stay, and what headers were not asked before is known now."""
    await first_database(tmp_path, database, 1796002149.9)
    async with gateway(tmp_path, database) as client:
        before = (await got(client, "surveys/night"))["scanned_at"]
        async with asyncio.timeout(60):
            while (await got(client, "surveys/night"))["scanned_at"] == before:
                await asyncio.sleep(0.05)
        images = (await got(client, "images?survey=night"))["images"]
        assert [one["id"] for one in images] == ["night~a~0", "night~b~0", "night~c~1"]
        assert [one["observation"] for one in images] == ["obs-a", "obs-b", "c.fits"]
        for image, outline in zip(images, OUTLINES, strict=True):
            first = tuple(map(float, outline.split()[:2]))
            corners = np.array(image["footprint"])
            distance = np.abs(corners - first).max(axis=1).min()
            assert distance < 1e-4
            circle = f"CIRCLE {image['ra']} {image['dec']} 0.001"
            assert (await got(client, f"images?pos={circle}"))["images"] == [image]
        cut = await client.get("/api/v1/images/night~a~0/cutout?pos=CIRCLE 10 20 0.003")
        assert cut.status_code == 200, cut.text
        pixels = fits.getdata(BytesIO(cut.content))
        whole = np.arange(1024, dtype="f4").reshape(32, 32)
        # Row 15 and column 15 have the place 10, 20: CRPIX counts from 1.
        assert whole[15, 15] in pixels
        assert np.isin(pixels, whole).all()
        answer = await client.get("/api/v1/images/night~c~1/file")
        assert len(answer.content) == 8640
