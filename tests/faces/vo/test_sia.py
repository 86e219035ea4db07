"""Image search by SIA 2.0: pyvo and stilts over a real server, and all parameters."""

import asyncio
import io
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
import pytest
import pytest_asyncio
import uvicorn
from astropy.io.votable import parse
from pyvo.dal.sia2 import SIA2Service
from tests.support.app import AsCaller
from tests.support.needs import program, shared_data

from gatewright.core.caller import visitor
from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    NotAllowed,
    Unavailable,
)
from gatewright.faces.vo import face
from gatewright.faces.vo.obscore import access_format, image_of_did, publisher_did
from gatewright.faces.vo.routes import fault
from gatewright.testing.square_images import square_image

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(services: Any) -> AsyncIterator[str]:
    """Serve the face on a free port of loopback."""
    app = AsCaller(face.build(services), services, visitor())

    async def under_prefix(scope: Any, receive: Any, send: Any) -> None:
        inner = {**scope, "root_path": "/vo"} if scope["type"] == "http" else scope
        await app(inner, receive, send)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(under_prefix, lifespan="off", log_level="warning")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}/vo/sia"
        server.should_exit = True
        await task


def rows(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-votable+xml"
    votable = parse(io.BytesIO(answer.content), verify="exception")
    return votable.get_first_table().array


async def count(vo: httpx.AsyncClient, query: str) -> int:
    return len(rows(await vo.get(f"/sia/query?COLLECTION=field&{query}")))


@pytest.mark.asyncio(loop_scope="module")
class TestParameters:
    async def test_a_row(self, vo: httpx.AsyncClient) -> None:
        (row,) = rows(await vo.get("/sia/query?POS=CIRCLE+150.1+2.2+0.01"))
        assert row["obs_collection"] == "field"
        assert row["dataproduct_type"] == "image"
        assert row["calib_level"] == 2
        assert row["s_ra"] == pytest.approx(150.1, abs=1e-3)
        assert len(row["s_region"]) == 16
        assert (row["t_min"], row["t_exptime"]) == (58000.0, 86.4)
        assert row["t_max"] == pytest.approx(58000.001)
        assert row["em_min"] < 5.5e-7 < row["em_max"]
        assert row["target_name"] == "M <67>"
        assert row["facility_name"] == "T & Co"
        assert row["access_url"] == "http://gateway/api/v1/images/field~a~0/file"
        assert row["access_format"] == "application/fits"
        assert row["access_estsize"] == 32
        assert np.ma.is_masked(row["em_res_power"])

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("", 2),
            ("POS=RANGE+149+151+2+3", 1),
            ("POS=RANGE+-Inf+%2BInf+-Inf+%2BInf", 2),
            ("POS=POLYGON+150+2+150.2+2+150.1+2.4", 1),
            ("POS=CIRCLE%20150.1%202.2%200.1&POS=CIRCLE+20+2.2+0.1", 2),
            ("pos=CIRCLE+150.1+2.2+0.1", 1),
            ("BAND=5e-7+5.2e-7", 2),
            ("BAND=5.5e-7", 2),
            ("BAND=1e-6+%2BInf", 0),
            ("TIME=57999.5+58000.0", 2),
            ("TIME=-Inf+57999", 0),
            ("TIME=1&TIME=58000.0005", 2),
            ("EXPTIME=80+90", 2),
            ("EXPTIME=100+%2BInf", 0),
            ("FOV=0.005+0.02", 2),
            ("FOV=1+2", 0),
            ("SPATRES=1+1.5", 2),
            ("SPATRES=2+3", 0),
            ("FACILITY=T+%26+Co", 2),
            ("FACILITY=t", 0),
            ("INSTRUMENT=Cam&TARGET=M+%3C67%3E", 2),
            ("TARGET=M+31&TARGET=M+%3C67%3E", 2),
            ("COLLECTION=none", 2),
            ("ID=ivo://gatewright/field?field~a~0", 1),
            ("ID=IVO://GateWright/field?FIELD~A~0", 1),
            ("ID=ivo://elsewhere/field?field~a~0", 0),
            ("ID=nonsense", 0),
            ("DPTYPE=image", 2),
            ("DPTYPE=cube", 0),
            ("DPTYPE=cube&DPTYPE=image", 2),
            ("CALIB=2&CALIB=3", 2),
            ("CALIB=1", 0),
            ("FORMAT=application/fits", 2),
            ("FORMAT=image/png", 0),
            ("POL=I", 0),
            ("SPECRP=1+2", 0),
            ("TIMERES=1+2", 0),
            ("RELEASEDATE=2020-01-01+2021-01-01", 0),
            ("MAXREC=1", 1),
            ("REQUEST=query&VERSION=2.0&RUNID=x&UNKNOWN=1", 2),
            ("TIME=", 2),
        ],
    )
    async def test_constraints(
        self, vo: httpx.AsyncClient, query: str, wanted: int
    ) -> None:
        assert await count(vo, query) == wanted

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("DPTYPE=cube", 1),
            ("DPTYPE=image", 0),
            ("DPTYPE=image&DPTYPE=cube", 1),
            ("POL=Q", 1),
            ("POL=V&POL=I", 1),
            ("POL=V", 0),
            ("POL=%25", 0),
            ("POL=q", 0),
        ],
    )
    async def test_cubes(self, vo: httpx.AsyncClient, query: str, wanted: int) -> None:
        found = rows(await vo.get(f"/sia/query?COLLECTION=cubes&{query}"))
        assert len(found) == wanted
        for row in found:
            assert row["dataproduct_type"] == "cube"
            assert (row["pol_states"], row["pol_xel"]) == ("/I/Q/", 2)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("FORMAT=application/fits", "c"),
            ("FORMAT=Application/GZIP", "a"),
            ("FORMAT=application/x-bzip2&FORMAT=application/fits", "bc"),
            ("FORMAT=application/fits&FORMAT=image/png", "c"),
            ("FORMAT=image/png", ""),
        ],
    )
    async def test_formats_are_those_of_the_rows(
        self, vo: httpx.AsyncClient, query: str, names: str
    ) -> None:
        found = rows(await vo.get(f"/sia/query?COLLECTION=packed&{query}"))
        assert {row["obs_id"][0] for row in found} == set(names)
        for row in found:
            assert row["access_format"].lower() in unquote(query).lower()

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("", {"sciimg": 2, "stack_sciimg": 3}),
            ("CALIB=2", {"sciimg": 2}),
            ("CALIB=3", {"refimg": 3, "scimrefdiffimg": 3, "stack_sciimg": 3}),
            ("CALIB=0&CALIB=1", {}),
            ("CALIB=3&KIND=difference", {"scimrefdiffimg": 3}),
            ("KIND=mask&KIND=exposure", {"mskimg": 2, "refcov": 2}),
            ("KIND=uncertainty", {"refunc": 2}),
            ("KIND=any&CALIB=2&DPTYPE=image", {
                "sciimg": 2, "mskimg": 2, "refunc": 2, "refcov": 2,
            }),
        ],
    )  # fmt: skip
    async def test_science_unless_asked(
        self, vo: httpx.AsyncClient, query: str, wanted: dict[str, int]
    ) -> None:
        found = rows(await vo.get(f"/sia/query?COLLECTION=kinds&{query}"))
        levels = {
            row["obs_id"].removesuffix(".fits"): row["calib_level"] for row in found
        }
        assert levels == wanted

    async def test_polygons_are_counter_clockwise(self, vo: httpx.AsyncClient) -> None:
        """DALI 1.1, section 3.3.7: also where the pixels run the other way."""
        found = rows(await vo.get("/sia/query?COLLECTION=kinds"))
        assert len(found) == 2
        for row in found:
            ra, dec = np.reshape(row["s_region"], (-1, 2)).T
            x, y = -(ra - ra.mean()) * np.cos(np.radians(dec)), dec  # east to the left
            assert np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0

    async def test_what_pixels_are(self, vo: httpx.AsyncClient) -> None:
        found = rows(await vo.get("/sia/query?COLLECTION=kinds&KIND=any"))
        words = {
            row["obs_id"]: (row["dataproduct_subtype"], row["o_ucd"]) for row in found
        }
        assert words["refunc.fits"] == ("uncertainty", "stat.error")
        assert words["mskimg.fits"] == ("mask", "meta.code.qual")
        assert words["sciimg.fits"] == ("science", "phot.count")

    async def test_axes_of_cubes(self, vo: httpx.AsyncClient) -> None:
        """Samples in time are not known of a cube with an axis that is not told of."""
        times, waves = rows(await vo.get("/sia/query?COLLECTION=times"))
        assert np.ma.is_masked(times["t_xel"])
        assert (waves["t_xel"], waves["em_xel"], waves["s_xel1"]) == (1, 2, 90)
        edges = [waves["em_min"], waves["em_max"]]
        assert edges == pytest.approx([4.99e-7, 5.03e-7], rel=1e-9)
        for row in (times, waves):
            assert [row["t_min"], row["t_max"]] == [58000.0, 58000.001]
            assert row["t_exptime"] == 86.4
        answer = await vo.get("/sia/query?COLLECTION=times&BAND=4.995e-7")
        assert [row["em_xel"] for row in rows(answer)] == [2]

    async def test_post(self, vo: httpx.AsyncClient) -> None:
        form = {"POS": "CIRCLE 150.1 2.2 0.1", "collection": "field"}
        assert len(rows(await vo.post("/sia/query", data=form))) == 1
        mixed = await vo.post("/sia/query?COLLECTION=field", data={"MAXREC": "1"})
        assert len(rows(mixed)) == 1
        assert len(rows(await vo.post("/sia/query?COLLECTION=field"))) == 2

    async def test_overflow(self, vo: httpx.AsyncClient) -> None:
        one = await vo.get("/sia/query?COLLECTION=field&MAXREC=1")
        assert one.text.index("</TABLE>") < one.text.index('value="OVERFLOW"')
        none = await vo.get("/sia/query?MAXREC=0")
        assert not len(rows(none))
        assert 'value="OVERFLOW"' in none.text
        both = await vo.get("/sia/query?COLLECTION=field&MAXREC=2")
        assert "OVERFLOW" not in both.text

    async def test_other_forms(self, vo: httpx.AsyncClient) -> None:
        query = "/sia/query?COLLECTION=field&RESPONSEFORMAT="
        answer = await vo.get(query + "csv")
        assert answer.headers["content-type"].startswith("text/csv")
        assert len(answer.text.strip().split("\r\n")) == 3
        tabs = await vo.get(query + "text/tab-separated-values")
        assert tabs.text.split("\r\n")[1].split("\t")[2] == "field"
        assert len(rows(await vo.get(query + "application/x-votable%2Bxml"))) == 2

    @pytest.mark.parametrize(
        "query",
        [
            "POS=CIRCLE+1", "POS=BOX+1+2+3", "TIME=x", "BAND=2+1", "CALIB=9",
            "CALIB=two", "KIND=odd", "POS=POLYGON+0+0+1+1+1+0+0+1",
            "MAXREC=-1", "MAXREC=x", "MAXREC=1&MAXREC=2", "UPLOAD=x,y",
            "RESPONSEFORMAT=gif", "RESPONSEFORMAT=csv&RESPONSEFORMAT=tsv",
            "&".join(["TIME=1"] * 65), "EXPTIME=1e999", "MAXREC=" + "9" * 40,
        ],
    )  # fmt: skip
    async def test_faults(self, vo: httpx.AsyncClient, query: str) -> None:
        answer = await vo.get(f"/sia/query?{query}")
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/x-votable+xml"
        info = parse(io.BytesIO(answer.content)).resources[0].infos[0]
        assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
        assert info.content.startswith("UsageFault: ")

    async def test_bodies_of_another_kind(self, vo: httpx.AsyncClient) -> None:
        answer = await vo.post("/sia/query", content=b"{}")
        assert answer.status_code == 415
        headers = {"content-type": "application/x-www-form-urlencoded"}
        for body in (b"\xff\xfe=1", b"&".join([b"A=1"] * 300)):
            answer = await vo.post("/sia/query", content=body, headers=headers)
            assert answer.status_code == 415
            assert "UsageFault" in answer.text
        assert (await vo.put("/sia/query")).status_code == 405
        missing = await vo.get("/sia/none")
        assert missing.status_code == 404
        assert "DefaultFault" in missing.text

    async def test_what_the_service_says_of_itself(
        self, vo: httpx.AsyncClient, services: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        capabilities = await vo.get("/sia/capabilities")
        assert "http://gateway/vo/sia/query" in capabilities.text
        assert "note" not in (await vo.get("/sia/availability")).text

        async def busy() -> None:
            raise Unavailable("The images of a survey are still being read.")

        monkeypatch.setattr(services.images.surveys, "ready", busy)
        assert "still being read" in (await vo.get("/sia/availability")).text


@pytest.mark.asyncio(loop_scope="module")
class TestClients:
    async def test_pyvo(self, url: str) -> None:
        shared_data("sky")

        def search(**constraints: Any) -> Any:
            return SIA2Service(url).search(**constraints)

        place = (318.1083333, -66.0155556, 0.001)
        found = await asyncio.to_thread(search, pos=place, maxrec=50)
        assert len(found) == 10
        assert {str(record.obs_collection) for record in found} == {"decam_mini"}
        assert str(found[0].access_format) == "application/fits"
        limited = await asyncio.to_thread(
            search, pos=(110.312, 23.92, 0.01), band=(4.5e-7, 5e-7)
        )
        assert sorted(int(record.t_min.mjd) for record in limited) == [58426, 58466]

    async def test_votlint(self, url: str, tmp_path: Path) -> None:
        stilts = program("stilts", "stilts")
        async with httpx.AsyncClient(timeout=60) as http:
            for number, query in enumerate(("MAXREC=5", "POS=BOX", "MAXREC=0")):
                answer = await http.get(f"{url}/query?{query}")
                path = tmp_path / f"{number}.vot"
                path.write_bytes(answer.content)
        for path in sorted(tmp_path.glob("*.vot")):
            done = await asyncio.to_thread(
                subprocess.run,
                [stilts, "votlint", f"votable={path}"],
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            assert "ERROR" not in done.stdout, done.stdout


def test_labels_of_faults() -> None:
    assert fault(InvalidRequest()) == "UsageFault"
    assert fault(Unavailable()) == "TransientFault"
    assert fault(GatewayError()) == "FatalFault"
    assert fault(NotAllowed()) == "DefaultFault"


def test_identifiers() -> None:
    image = square_image(1, 10, 20)
    assert image_of_did(publisher_did(image)) == image.id
    assert image_of_did("ivo://gatewright/x") is None
    assert access_format(image) == "application/fits"
