"""DAP2 through the whole application, over files of every type."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import httpx
import netCDF4
import numpy as np
import pytest
import pytest_asyncio
from pydap.handlers.dap import BytesReader, unpack_dap2_data
from pydap.parsers.dds import dds_to_dataset
from tests.support.whole import GUEST, Whole, whole

from gatewright.core.errors import BackendFailed
from gatewright.faces.dap import routes
from gatewright.faces.dap.dap2.answer import Source

pytestmark = pytest.mark.asyncio(loop_scope="module")
TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8")


def make_file(path: Path) -> None:
    """Write a variable of each type, text, a scalar and a growing dimension."""
    with netCDF4.Dataset(path, "w") as file:
        file.title = "Types"
        file.createDimension("time", None)
        file.createDimension("x", 5)
        file.createDimension("length", 4)
        for kind in TYPES:
            values = np.arange(15).reshape(3, 5) * 7 + 1
            file.createVariable(f"v_{kind}", kind, ("time", "x"))[:] = values
        file.createVariable("x", "f8", ("x",))[:] = np.arange(5) / 3
        file.createVariable("flag", "u1")[:] = 200
        names = file.createVariable("names", "S1", ("time", "length"))
        names[:] = netCDF4.stringtochar(np.array(["ab", "cdef", ""], "S4"))
        words = file.createVariable("words", str, ("x",))
        words[:] = np.array(["one", "zwei", "", "vier", "fünf"], object)


def make_large(path: Path) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 1_500_000)
        file.createVariable("v", "f8", ("n",))[:] = np.arange(1_500_000)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dap")
    make_file(folder / "types.nc")
    make_large(folder / "large.nc")
    (folder / "damaged.nc").write_bytes(b"CDF\x01" + b"\xff" * 40)
    return folder


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(
    tmp_path_factory: pytest.TempPathFactory, files: Path
) -> AsyncIterator[Whole]:
    """One gateway with one pool of readers, which no test changes."""
    settings: dict[str, Any] = {
        "datasets": [
            {"id": "types", "source": str(files / "types.nc")},
            {"id": "large", "source": str(files / "large.nc")},
            {"id": "damaged", "source": str(files / "damaged.nc")},
            {"id": "private", "source": str(files / "types.nc"), "access": "users"},
        ],
        "limits": {"response_bytes": 13_000_000},
    }
    async with whole(tmp_path_factory.mktemp("gateway"), settings) as opened:
        yield opened


def decoded(answer: httpx.Response) -> Any:
    head, _, data = answer.content.partition(b"Data:\n")
    return unpack_dap2_data(BytesReader(data), dds_to_dataset(head.decode()))


async def test_every_type_is_read_back(gateway: Whole, files: Path) -> None:
    client = await gateway.client()
    with netCDF4.Dataset(files / "types.nc") as file:
        for kind in TYPES:
            answer = await client.get(f"/dap/types.dods?v_{kind}[0:2:2][1:3]")
            assert int(answer.headers["content-length"]) == len(answer.content)
            (values,) = decoded(answer)
            expected = file[f"v_{kind}"][0:3:2, 1:4]
            assert np.array_equal(np.asarray(values), expected), kind


async def test_text_and_scalars(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get("/dap/types.dods?names[0:1]")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert decoded(answer)[0].tolist() == [b"ab", b"cdef"]
    scalar = await client.get("/dap/types.dods?flag")
    assert scalar.content.endswith(b"Data:\n\0\0\0\xc8")
    words = await client.get("/dap/types.dods?words[4]")
    assert words.content.endswith(b"\0\0\0\1\0\0\0\5f\xc3\xbcnf\0\0\0")


async def test_strings_have_the_length_of_the_longest(
    gateway: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await gateway.client()
    about = (await client.get("/dap/types.das")).text
    assert "Int32 DODS.strlen 5;" in about  # “fünf” in bytes
    monkeypatch.setattr(routes, "_MOST_TEXTS", 4)
    assert "strlen 5" not in (await client.get("/dap/types.das")).text
    monkeypatch.undo()
    damaged = BackendFailed("The file is damaged.")
    monkeypatch.setattr(Source, "longest", AsyncMock(side_effect=damaged))
    without = await client.get("/dap/types.das")
    assert without.status_code == 200
    assert "strlen 5" not in without.text
    assert "strlen 4" in without.text  # of letters, which needs no reading


async def test_a_large_answer_is_whole(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get("/dap/large.nc.dods?v")
    assert int(answer.headers["content-length"]) == len(answer.content)
    values = np.frombuffer(answer.content[-12_000_000:], ">f8")
    assert np.array_equal(values, np.arange(1_500_000))


async def test_an_answer_above_the_limit_says_its_size(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get("/dap/large.ascii?v")
    assert answer.status_code == 413
    assert "code = 413;" in answer.text
    assert "19500000 bytes" in answer.text


async def test_the_text_form_has_every_kind_of_value(gateway: Whole) -> None:
    client = await gateway.client()
    query = "v_f4[0][0:1],words[0:1],flag,x[1]"
    answer = await client.get(f"/dap/types.asc?{query}")
    lines = answer.text.partition("-\n")[2].splitlines()
    assert lines == [
        "", "v_f4[1][2]", "[0], 1, 8",
        "", "words[2]", '"one", "zwei"',
        "", "flag", "200",
        "", "x[1]", "0.33333333333333331",
    ]  # fmt: skip


async def test_descriptions_have_their_headers(gateway: Whole) -> None:
    client = await gateway.client()
    for suffix, description in (("dds", "dods-dds"), ("das", "dods-das")):
        answer = await client.get(f"/dap/types.{suffix}")
        assert answer.headers["content-description"] == description
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["xdap"] == "2.0"
    version = await client.get("/dap/types.ver")
    assert "DAP/2.0" in version.text
    das = (await client.get("/dap/types.das")).text
    assert 'String Unlimited_Dimension "time";' in das


async def test_an_answer_that_has_not_changed_is_not_sent_again(
    gateway: Whole,
) -> None:
    client = await gateway.client()
    first = await client.get("/dap/types.dods?x")
    again = await client.get(
        "/dap/types.dods?x", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get("/dap/types.dods?x[0]")
    assert other.headers["etag"] != first.headers["etag"]


async def test_the_data_sets_are_listed(gateway: Whole) -> None:
    visitor, guest = await gateway.client(), await gateway.client(GUEST)
    urls = (await visitor.get("/dap/")).text.split()
    assert [url.rpartition("/")[2] for url in urls] == ["damaged", "large", "types"]
    assert "/dap/private" in (await guest.get("/dap")).text
    page = await visitor.get("/dap/types")
    assert f"{urls[2]}.dds" in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing.dds", 404),
        ("nothing", 404),
        ("private.dds", 404),
        ("types.dds?none", 400),
        ("types.dods?x[9]", 400),
        ("types.dods?x&x>1", 400),
        ("damaged.dds", 502),
    ],
)
async def test_errors_are_error_objects(gateway: Whole, path: str, status: int) -> None:
    client = await gateway.client()
    answer = await client.get(f"/dap/{path}")
    assert answer.status_code == status
    assert answer.text.startswith(f"Error {{\n    code = {status};\n    message = ")
    assert answer.headers["content-description"] == "dods-error"
    assert "Traceback" not in answer.text
