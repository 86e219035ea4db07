"""The portal's addresses, the kit's files, own pages and the sign-in link."""

import gzip
import os
import re
from pathlib import Path

import pytest
from tests.support.identity import own_identity
from tests.support.whole import GUEST, Whole

from gatewright.faces.site.portal import VIEWS

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMPORTS = re.compile(r'^(?:import|export) .*?from "(\.[^"]+)";', re.MULTILINE)
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/sign-in", *(f"/{view}" for view in VIEWS)])
async def test_each_view_has_an_address_of_its_own(path: str, gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "<title>Ada &amp; Bob&#x27;s &lt;gateway&gt;</title>" in answer.text


async def test_what_follows_a_view_is_the_view_s_own(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get("/files/local/a%2Fb/%FF?x=1")
    assert answer.status_code == 200


async def test_the_shell_names_files_that_never_change(gateway: Whole) -> None:
    client = await gateway.client()
    shell = (await client.get("/")).text
    files = re.findall(r'="(/kit/~[^"]+)"', shell)
    assert len(files) > 3
    assert '="/kit/gw' not in shell
    for path in files:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


async def test_a_file_of_the_kit_is_served_with_its_type_and_tag(
    gateway: Whole,
) -> None:
    client = await gateway.client()
    answer = await client.get("/kit/gw.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    tag = answer.headers["ETag"]
    again = await client.get("/kit/gw.js", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""
    named = await client.get(f"/kit/gw.js?v={tag.strip('W/').strip(chr(34))}")
    assert "immutable" in named.headers["Cache-Control"]
    other = await client.get("/kit/gw.js?v=another")
    assert other.headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize(
    ("accept", "coding"),
    [("gzip", "gzip"), ("gzip;q=0", None), ("", None), ("br;q=0, GZIP", "gzip")],
)
async def test_a_file_comes_compressed_to_those_who_take_it(
    accept: str, coding: str | None, gateway: Whole
) -> None:
    client = await gateway.client()
    answer = await client.get("/kit/gw.css", headers={"Accept-Encoding": accept})
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.text.startswith("/*")
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "path",
    ["/kit/", "/kit/none.js", "/kit/../pyproject.toml", "/kit/~0/gw.js", "/kit/%2e%2e"],
)
async def test_there_is_no_other_file(path: str, gateway: Whole) -> None:
    client = await gateway.client()
    assert (await client.get(path)).status_code == 404


async def test_nothing_at_an_address_is_a_page_or_a_problem(gateway: Whole) -> None:
    client = await gateway.client()
    page = await client.get("/nowhere", headers=PAGE)
    assert page.status_code == 404
    assert "There is nothing at this address" in page.text
    problem = await client.get("/nowhere")
    assert problem.status_code == 404
    assert problem.json()["code"] == "not-found"
    assert (await client.post("/", headers=PAGE)).status_code == 405


async def test_the_example_may_run_its_inline_script(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get("/kit/examples/campaign.html")
    assert "'sha256-" in answer.headers["Content-Security-Policy"]


async def test_the_page_of_the_api_and_the_icon(gateway: Whole) -> None:
    client = await gateway.client()
    assert (await client.get("/docs")).headers["Location"] == "/docs/api"
    assert "The API of" in (await client.get("/docs/api")).text
    icon = await client.get("/favicon.ico")
    assert icon.headers["Content-Type"] == "image/svg+xml"


async def test_a_sign_in_link_sets_the_cookie_once(gateway: Whole) -> None:
    client = await gateway.client()
    code = await own_identity(gateway.services).make_sign_in_link(GUEST)
    answer = await client.get("/sign-in", params={"code": code})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert (await client.get("/api/v1/session")).json()["user"] == GUEST
    stranger = await gateway.client()
    again = await stranger.get("/sign-in", params={"code": code})
    assert again.status_code == 401
    assert "does not work any more" in again.text
    assert "Set-Cookie" not in again.headers
    on = await client.get("/sign-in", params={"code": code})
    assert (on.status_code, on.headers["Location"]) == (303, "/")
    assert "Set-Cookie" not in on.headers
    assert (await client.get("/api/v1/session")).json()["user"] == GUEST


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
async def test_another_site_s_page_signs_nobody_in_without_a_question(
    site: str, gateway: Whole
) -> None:
    client = await gateway.client()
    code = await own_identity(gateway.services).make_sign_in_link(GUEST)
    led = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    asked = await client.get("/sign-in", params={"code": code}, headers=led)
    assert asked.status_code == 200
    assert "Sign in by this link?" in asked.text
    assert asked.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in asked.headers
    assert (await client.get("/api/v1/session")).json()["user"] is None
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    answer = await client.get("/sign-in", params={"code": code}, headers=own)
    assert answer.status_code == 303
    assert (await client.get("/api/v1/session")).json()["user"] == GUEST


@pytest.mark.parametrize("code", ["", "x", "%00", "a" * 5000, "%ff"])
async def test_a_good_ones_code_says_what_to_do(code: str, gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get(f"/sign-in?code={code}")
    assert 400 <= answer.status_code < 500
    assert "Set-Cookie" not in answer.headers


async def test_the_operator_s_pages_run_their_own_scripts(
    gateway: Whole,
) -> None:
    folder = gateway.services.config.gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "mine.html").write_text("<script>a('±')</script>", encoding="utf-8")
    (folder / "data.json").write_bytes(b"[1]")
    client = await gateway.client()
    answer = await client.get("/pages/mine.html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "'sha256-" in answer.headers["Content-Security-Policy"]
    assert (await client.get("/pages/data.json")).json() == [1]
    (folder / "mine.html").write_text("changed", encoding="utf-8")
    assert (await client.get("/pages/mine.html")).text == "changed"


async def test_only_plain_files_of_the_folder_are_pages(
    gateway: Whole, tmp_path: Path
) -> None:
    folder = gateway.services.config.gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "deep.html").mkdir()
    (tmp_path / "secret.html").write_text("secret")
    (folder / "link.html").symlink_to(tmp_path / "secret.html")
    (folder / "program.py").write_text("x")
    (folder / ".hidden.html").write_text("x")
    os.mkfifo(folder / "pipe.html")
    with (folder / "large.html").open("wb") as file:
        file.truncate(9 << 20)
    client = await gateway.client()
    good_ones = {"mine.html", "data.json"}
    names = [path.name for path in folder.iterdir() if path.name not in good_ones]
    names += ["none.html", "..%2fsecret.html"]
    for name in names:
        assert (await client.get(f"/pages/{name}")).status_code == 404, name


async def test_the_core_of_the_kit_is_small(gateway: Whole) -> None:
    """gw.js with all that it imports at once, Lit and uPlot: 60 kB compressed."""
    client = await gateway.client()
    wanted = ["/kit/gw.js", "/kit/vendor/lit.js", "/kit/vendor/uplot.js"]
    wanted += ["/kit/elements/registry.js", "/kit/elements/base.js"]
    sizes: dict[str, int] = {}
    while wanted:
        path = wanted.pop()
        if path in sizes:
            continue
        request = client.build_request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = await client.send(request, stream=True)
        raw = b"".join([part async for part in answer.aiter_raw()])
        await answer.aclose()
        sizes[path] = len(raw)
        text = gzip.decompress(raw).decode()
        names = IMPORTS.findall(text)
        folder = path.rpartition("/")[0]
        wanted += [os.path.normpath(f"{folder}/{name}") for name in names]
    assert sum(sizes.values()) <= 60_000, sizes
