"""Files over HTTP: entries, names, ranges, pages and operations."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.faces.api.files.conftest import names
from tests.support.workers import in_thread, resources_of

from gatewright.backends.worker import open_worker
from gatewright.composition.files import open_files
from gatewright.testing.filesystem import NAMES
from gatewright.web.paths import encode_path


@pytest.mark.parametrize("name", NAMES)
async def test_names_go_round_byte_for_byte(
    client: httpx.AsyncClient, home: Path, name: bytes
) -> None:
    url = "/files/local" + encode_path(b"/" + name)
    assert (await client.put(url, content=b"content")).status_code == 201
    assert names(home) == [name]
    (entry,) = (await client.get("/files/local/")).json()["entries"]
    answer = await client.get(f"/files/local{entry['path']}")
    assert answer.content == b"content"
    disposition = answer.headers["content-disposition"]
    assert disposition.isprintable()
    assert disposition.isascii()
    assert (await client.delete(f"/files/local{entry['path']}")).status_code == 204
    assert names(home) == []


@pytest.mark.parametrize("query", ["", "?limit=1", "?limit=1&cursor=x"])
async def test_a_file_is_sent_whatever_a_page_would_be(
    client: httpx.AsyncClient, home: Path, query: str
) -> None:
    (home / "file").write_bytes(b"content")
    answer = await client.get(f"/files/local/file{query}")
    assert (answer.status_code, answer.content) == (200, b"content")
    gone = await client.get(f"/files/local/gone{query}")
    assert gone.status_code == 404
    os.mkfifo(home / "pipe")
    assert (await client.get(f"/files/local/pipe{query}")).status_code == 409


async def test_slashes_may_be_escaped(client: httpx.AsyncClient, home: Path) -> None:
    """As in the paths of clients that are generated from the OpenAPI document."""

    def url(path: bytes) -> httpx.URL:
        raw = b"/files/local/" + path
        return httpx.URL("http://gateway").copy_with(raw_path=raw)

    made = await client.post(url(b"a%2Fb"), json={"op": "mkdir", "parents": True})
    assert made.status_code == 201
    assert made.json()["path"] == "/a/b"
    assert made.headers["location"].endswith("/files/local/a/b")
    sent = await client.put(url(b"a%2Fb%2Fx.xyz"), content=b"content")
    assert sent.status_code == 201
    assert (home / "a/b/x.xyz").read_bytes() == b"content"
    assert (await client.get(url(b"a%2fb/x.xyz"))).content == b"content"
    order = {"op": "copy", "destination": "%2Fa%2Fcopy"}
    assert (await client.post(url(b"a%2Fb%2Fx.xyz"), json=order)).status_code == 201
    assert (home / "a/copy").read_bytes() == b"content"
    assert (await client.delete(url(b"a%2Fcopy"))).status_code == 204
    odd = await client.put(url(b"a%2Fname%252Fwith"), content=b"odd")
    assert odd.json()["name"] == "name%2Fwith"
    assert names(home / "a") == [b"b", b"name%2Fwith"]
    assert (await client.get(f"/files/local{odd.json()['path']}")).content == b"odd"


async def test_an_entry(client: httpx.AsyncClient, home: Path) -> None:
    (home / "a b.txt").write_text("content")
    (home / "a b.txt").chmod(0o640)
    os.utime(home / "a b.txt", ns=(0, 1_500_000_000_250_000_000))
    (home / "link").symlink_to("a b.txt")
    page = (await client.get("/files/local/")).json()
    assert page["next"] is None
    first, second = page["entries"]
    etag = first.pop("etag")
    assert first == {
        "name": "a b.txt",
        "path": "/a%20b.txt",
        "type": "file",
        "size": 7,
        "modified_at": "2017-07-14T02:40:00.250Z",
        "mode": "0640",
        "owner": (home / "a b.txt").owner(),
        "group": (home / "a b.txt").group(),
        "target": None,
    }
    assert (second["type"], second["target"]) == ("link", "a b.txt")
    told = (await client.get("/files/local/link?view=stat")).json()
    assert told["type"] == "link"
    told = (await client.get("/files/local/link?view=stat&follow=true")).json()
    assert (told["type"], told["etag"]) == ("file", etag)
    answer = await client.get("/files/local/a%20b.txt")
    assert answer.headers["etag"] == etag
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["last-modified"] == "Fri, 14 Jul 2017 02:40:00 GMT"


async def test_times_outside_of_the_calendar(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "old").touch()
    os.utime(home / "old", (-3e9, -3e9))
    (home / "new").touch()
    os.utime(home / "new", (1.5e10, 1.5e10))
    page = (await client.get("/files/local/")).json()
    assert [len(entry["modified_at"]) for entry in page["entries"]] == [24, 24]
    assert (await client.get("/files/local/new")).status_code == 200
    assert (await client.head("/files/local/old")).status_code == 200


async def test_systems(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/files")).json()
    assert listed == {"systems": [{"name": "local", "home": "/"}], "next": None}
    one = (await client.get("/files/local")).json()
    assert 0 < one["space"]["free"] <= one["space"]["total"]
    assert (await client.get("/files/other")).status_code == 404
    assert (await client.get("/files/other/x")).status_code == 404
    assert (await client.put("/files/other/x")).status_code == 404


async def test_ranges(client: httpx.AsyncClient, home: Path) -> None:
    content = os.urandom(3 << 20)
    (home / "data").write_bytes(content)
    whole = await client.get("/files/local/data")
    assert whole.content == content
    etag = whole.headers["etag"]
    for field, expected in (
        ("bytes=0-0", content[:1]),
        ("bytes=1000000-2999999", content[1_000_000:3_000_000]),
        ("bytes=-10", content[-10:]),
    ):
        part = await client.get(
            "/files/local/data", headers={"Range": field, "If-Range": etag}
        )
        assert (part.status_code, part.content) == (206, expected)
    head = await client.head("/files/local/data", headers={"Range": "bytes=0-0"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    outside = await client.get(
        "/files/local/data", headers={"Range": "bytes=99999999-"}
    )
    assert outside.status_code == 416
    assert outside.headers["content-range"] == f"bytes */{len(content)}"
    same = await client.get("/files/local/data", headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    (home / "data").write_bytes(b"other")
    stale = await client.get(
        "/files/local/data", headers={"Range": "bytes=0-0", "If-Range": etag}
    )
    assert (stale.status_code, stale.content) == (200, b"other")
    assert (
        await client.get("/files/local/data", headers={"If-Match": etag})
    ).status_code == 412


async def test_head_answers_as_get_does(client: httpx.AsyncClient, home: Path) -> None:
    (home / "data").write_bytes(b"0123456789")
    for path in ("", "?limit=1", "data", "data?view=stat", "data?view=tail"):
        get = await client.get(f"/files/local/{path}")
        head = await client.head(f"/files/local/{path}")
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-length", "content-type", "etag", "link", "accept-ranges")
        assert [head.headers.get(f) for f in same] == [get.headers.get(f) for f in same]
    assert (await client.head("/files/local/none")).status_code == 404


async def test_pages(client: httpx.AsyncClient, home: Path) -> None:
    for number in range(25):
        (home / f"{number:02}").touch()
    seen, url, pages = [], "/files/local/?limit=10", 0
    while url:
        answer = await client.get(url)
        page = answer.json()
        seen += [entry["name"] for entry in page["entries"]]
        pages += 1
        link = answer.links.get("next", {}).get("url", "")
        assert bool(link) == bool(page["next"])
        url = link
    assert pages == 3
    assert seen == [f"{number:02}" for number in range(25)]
    for cursor in ("junk", "e30", "WyLEgCJd"):
        answer = await client.get(f"/files/local/?cursor={cursor}")
        assert answer.status_code == 400
    assert (await client.get("/files/local/?limit=0")).status_code == 422


async def test_the_first_page_of_a_hundred_thousand(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "many").mkdir()
    folder = os.open(home / "many", os.O_RDONLY)
    first = ""
    for number in range(100_000):
        if number % 30_000 == 0:  # below the links that one file may have
            os.mknod(f"{number:06}", dir_fd=folder)
            first = f"{number:06}"
        else:
            os.link(first, f"{number:06}", src_dir_fd=folder, dst_dir_fd=folder)
    os.close(folder)
    page = (await client.get("/files/local/many?limit=100")).json()
    assert [entry["name"] for entry in page["entries"]] == [
        f"{number:06}" for number in range(100)
    ]
    assert page["next"]


async def test_a_page_looks_at_its_own_entries_alone(
    client: httpx.AsyncClient,
    services: Any,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a page of a large folder costs: all names, and the status of a few."""
    for number in range(2000):
        (home / f"{number:04}").touch()
    looked: list[object] = []
    scandir, stat = os.scandir, os.stat

    @contextmanager
    def names_alone(folder: Any) -> Iterator[Iterator[Any]]:
        with scandir(folder) as found:
            yield (SimpleNamespace(name=entry.name) for entry in found)

    def counted(path: Any, **more: Any) -> os.stat_result:
        looked.append(path)
        return stat(path, **more)

    async with open_worker(in_thread()) as worker, AsyncExitStack() as stack:
        files, _ = await open_files(services.config, resources_of(worker), stack)
        monkeypatch.setattr(services, "files", files)
        with monkeypatch.context() as patched:
            patched.setattr(os, "scandir", names_alone)
            patched.setattr(os, "stat", counted)
            page = (await client.get("/files/local/?limit=100")).json()
    assert [entry["name"] for entry in page["entries"]] == [
        f"{number:04}" for number in range(100)
    ]
    of_files = [os.fsdecode(path) for path in looked if isinstance(path, bytes)]
    assert len([path for path in of_files if path.isdigit()]) == 100


async def test_operations(client: httpx.AsyncClient, home: Path) -> None:
    async def post(path: str, status: int = 201, **body: object) -> Any:
        answer = await client.post(f"/files/local/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer

    made = await post("a/b", op="mkdir", parents=True)
    assert made.headers["location"] == "/files/local/a/b"
    await post("a/b", 409, op="mkdir")
    (home / "data").write_text("content")
    copied = await post("data", op="copy", destination="/a/b/c%20d")
    assert copied.headers["location"] == "/files/local/a/b/c%20d"
    assert (home / "a/b/c d").read_text() == "content"
    await post("data", 409, op="copy", destination="a/b/c d")
    await post("data", op="copy", destination="~/a/b/c d", replace=True)
    moved = await post("data", op="move", destination="moved")
    assert moved.json()["path"] == "/moved"
    assert sorted(p.name for p in home.iterdir()) == ["a", "moved"]
    link = await post("link", op="link", target="moved")
    assert link.json()["target"] == "moved"
    await post("hard", op="link", target="/moved", symbolic=False)
    assert (home / "hard").stat().st_nlink == 2
    changed = await post("moved", 200, op="chmod", mode="0600")
    assert changed.json()["mode"] == "0600"
    wrong: list[object] = [
        {"op": "copy"},
        {"op": "link"},
        {"op": "chmod"},
        {"op": "chmod", "mode": "999"},
        {"op": "fly"},
        {"op": "mkdir", "more": 1},
        {},
        [],
    ]
    for body in wrong:
        answer = await client.post("/files/local/x", json=body)
        assert answer.status_code == 422
    for bad in ("..", "/a/../b", "..%2Fx", "%zz", "/%00", "~other/x"):
        answer = await client.post(
            "/files/local/moved", json={"op": "copy", "destination": bad}
        )
        assert answer.status_code in {400, 404}, bad
    for path in ("", "/", "%2e"):
        answer = await client.delete(f"/files/local/{path}?recursive=true")
        assert answer.status_code == 403
    assert (await client.delete("/files/local/a")).status_code == 409
    assert (await client.delete("/files/local/a?recursive=true")).status_code == 204
    assert not (home / "a").exists()


async def test_views(client: httpx.AsyncClient, home: Path) -> None:
    lines = [f"line {number}\n" for number in range(30_000)]
    (home / "log").write_text("".join(lines))
    (home / "log").open("a").close()
    tail = await client.get("/files/local/log?view=tail&lines=3")
    assert tail.text == "".join(lines[-3:])
    assert tail.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in tail.headers["content-security-policy"]
    tail = await client.get("/files/local/log?view=tail&lines=10000")
    assert tail.text == "".join(lines[-10_000:])
    (home / "short").write_text("a\nb")
    assert (await client.get("/files/local/short?view=tail")).text == "a\nb"
    content = (home / "log").read_bytes()
    for algorithm in ("sha256", "md5"):
        found = await client.get(
            f"/files/local/log?view=checksum&algorithm={algorithm}"
        )
        assert found.json() == {
            "algorithm": algorithm,
            "checksum": hashlib.new(algorithm, content).hexdigest(),
            "size": len(content),
        }
    (home / "folder").mkdir()
    assert (await client.get("/files/local/folder?view=tail")).status_code == 409
    assert (
        await client.get("/files/local/log?view=checksum&algorithm=x")
    ).status_code == 422
    assert (await client.get("/files/local/log?view=other")).status_code == 422
    assert (await client.get("/files/local/log?view=tail&lines=0")).status_code == 422
    head = await client.head("/files/local/folder")
    assert head.status_code == 200
    page = await client.get("/files/local/folder")
    assert head.headers["content-length"] == page.headers["content-length"]
