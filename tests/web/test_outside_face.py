"""A package of somebody else's brings a protocol, and says itself how it is treated."""

import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from tests.support.whole import OWNER, PASSWORD, URL, Whole, whole

import gatewright.web

MODULE = '''
"""Chunks of arrays, as their store keeps them."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gatewright.core.errors import NotFound
from gatewright.web.context import request_context
from gatewright.web.credentials import SessionCookie, cookie_fields
from gatewright.web.face import Face
from gatewright.web.problems import exception_handlers
from gatewright.web.sign_in import sign_in as begin

COOKIE = SessionCookie("zarr_session", "/zarr", 600)


def told(error, request):
    return PlainTextResponse(f"zarr: {error.text}", error.status)


async def chunk(request):
    return PlainTextResponse("chunk")


async def who(request):
    return PlainTextResponse(request_context(request).caller.user or "nobody")


async def sign_in(request):
    context = request_context(request)
    new = await begin(request, context, *(await request.body()).decode().split("|"))
    config = context.services.config
    return PlainTextResponse("", headers=cookie_fields(config, new.secret, COOKIE))


async def put(request):
    size = sum([len(part) async for part in request.stream()])
    return PlainTextResponse(str(size))


def build(services):
    routes = [
        Route("/open/chunk", chunk),
        Route("/mine/who", who),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/store/{key}", put, methods=["PUT", "POST"]),
    ]
    return Starlette(routes=routes, exception_handlers=exception_handlers(told))


face = Face(
    name="zarr",
    prefix="/zarr",
    build=build,
    error=told,
    public=("/open/",),
    uploads=(("PUT", "/store/"),),
    cookie=COOKIE,
)
'''
LIMITS = {"body_bytes": 65_536, "upload_bytes": 8_000_000}
PAGE = {"Origin": "https://page.example"}
OWN = {"Origin": URL, "X-Requested-With": "page"}


@pytest.fixture
async def gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Whole]:
    """Install the package as pip would, and open a gateway with its face."""
    folder = tmp_path / "site"
    info = folder / "outside_zarr-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "outside_zarr.py").write_text(MODULE, encoding="utf-8")
    (info / "METADATA").write_text("Name: outside-zarr\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[gatewright.faces]\nzarr = outside_zarr:face\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "outside_zarr", raising=False)
    async with whole(tmp_path, {"limits": LIMITS}) as opened:
        yield opened


async def test_pages_of_any_origin_read_what_is_public(gateway: Whole) -> None:
    client = await gateway.client()
    public = await client.get("/zarr/open/chunk", headers=PAGE)
    assert (public.status_code, public.text) == (200, "chunk")
    assert public.headers["access-control-allow-origin"] == "*"
    assert public.headers["cross-origin-resource-policy"] == "cross-origin"
    asks = PAGE | {"Access-Control-Request-Method": "GET"}
    preflight = await client.options("/zarr/open/chunk", headers=asks)
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"


async def test_what_is_not_said_to_be_public_is_not(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/zarr/mine/who", "/zarr", "/zarr/", "/open/chunk", "/zarro/open/x"):
        answer = await client.get(path, headers=PAGE)
        assert "access-control-allow-origin" not in answer.headers, path
        assert answer.headers["cross-origin-resource-policy"] == "same-origin", path


async def test_an_upload_has_the_size_type_and_encoding_of_a_file(
    gateway: Whole,
) -> None:
    client = await gateway.client(OWNER)
    kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = b"{ no JSON" + b"x" * 5_000_000
    answer = await client.put("/zarr/store/a", content=body, headers=kind)
    assert (answer.status_code, answer.text) == (200, str(len(body)))
    large = await client.put("/zarr/store/a", content=b"x" * 8_000_001)
    assert (large.status_code, large.text[:6]) == (413, "zarr: ")


async def test_another_body_is_small_and_checked(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    large = await client.post("/zarr/store/a", content=b"x" * 65_537)
    assert large.status_code == 413
    kind = {"Content-Type": "application/json"}
    broken = await client.post("/zarr/store/a", content=b"{", headers=kind)
    assert broken.status_code == 400
    elsewhere = await client.put("/zarr/elsewhere", content=b"x" * 65_537)
    assert elsewhere.status_code == 413


async def test_a_face_has_a_cookie_of_its_own(gateway: Whole) -> None:
    client = await gateway.client()
    text = f"{OWNER}|{PASSWORD}"
    given = await client.post("/zarr/sign-in", content=text, headers=OWN)
    cookie = given.headers["set-cookie"]
    assert cookie.startswith("zarr_session=")
    assert "; Path=/zarr; Max-Age=600; HttpOnly; SameSite=Lax" in cookie
    sent = {"Cookie": cookie.partition(";")[0]}
    client.cookies.clear()
    assert (await client.get("/zarr/mine/who", headers=sent)).text == OWNER
    elsewhere = await client.get("/api/v1/session", headers=sent)
    assert elsewhere.json()["user"] is None


def named(words: Sequence[str], text: str) -> list[str]:
    return [word for word in words if f'"{word}' in text or f"/{word}/" in text]


def test_the_floor_below_the_faces_names_none() -> None:
    """What is special about a protocol stands in its own folder."""
    folder = Path(gatewright.web.__file__).parent
    words = ("newt", "dap", "vo", "kit", "dav")
    found = {
        str(path.relative_to(folder)): named(words, path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.py")
    }
    assert {path: names for path, names in found.items() if names} == {}
