"""Files over HTTP, through a real worker process."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp
from tests.support.app import AsCaller, caller
from tests.support.needs import missing
from tests.support.workers import open_descriptors, stop

from gatewright.backends.worker import OneWorker, open_worker
from gatewright.composition.files import open_files
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config import Config, Limits, System
from gatewright.faces.api import command, files
from gatewright.testing.filesystem import NAMES
from gatewright.web.paths import encode_path
from gatewright.web.problems import exception_handlers

LIMITS = Limits(upload_bytes=8 << 20, command_seconds=5, command_output_bytes=1000)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
async def services(home: Path) -> AsyncIterator[Any]:
    system = System.model_validate({"name": "local", "root": home, "home": home})
    config = Config(systems=[system], limits=LIMITS)
    async with open_worker() as worker, AsyncExitStack() as stack:
        files, commands = await open_files(config, OneWorker(worker), stack)
        yield SimpleNamespace(
            config=config, worker=worker, files=files, commands=commands
        )


@pytest.fixture
def app(services: Any) -> ASGIApp:
    """Return the part of the API that is tested, which is quickly made."""
    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(files.router)
    app.include_router(command.router)
    return app


def client_of(app: ASGIApp, services: Any, who: Caller) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(AsCaller(app, services, who))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


@pytest.fixture
async def client(app: ASGIApp, services: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, services, caller()) as client:
        yield client


def names(folder: Path) -> list[bytes]:
    return sorted(os.fsencode(path.name) for path in folder.iterdir())


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
    await client.get("/files/local/")
    times, page = [], {}
    for _ in range(3):
        began = time.perf_counter()
        page = (await client.get("/files/local/many?limit=100")).json()
        times.append(time.perf_counter() - began)
        assert len(page["entries"]) == 100
    assert min(times) < 0.3
    assert page["next"]


async def test_upload_replaces_whole(client: httpx.AsyncClient, home: Path) -> None:
    content = os.urandom(5 << 20)

    async def blocks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]

    made = await client.put("/files/local/data", content=blocks())
    assert made.status_code == 201
    assert made.headers["location"] == "/files/local/data"
    assert (home / "data").read_bytes() == content
    replaced = await client.put("/files/local/data", content=b"")
    assert replaced.status_code == 200
    assert replaced.headers["etag"] != made.headers["etag"]
    assert (home / "data").read_bytes() == b""
    found = await client.get("/files/local/data")
    assert found.headers["etag"] == replaced.headers["etag"]


async def test_conditions_of_an_upload(client: httpx.AsyncClient, home: Path) -> None:
    async def put(status: int, **headers: str) -> httpx.Response:
        answer = await client.put(
            "/files/local/data",
            content=b"x",
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )
        assert answer.status_code == status
        return answer

    await put(412, if_match="*")
    first = (await put(201, if_none_match="*")).headers["etag"]
    await put(409, if_none_match="*")
    await put(412, if_none_match=first)
    await put(412, if_none_match=f'W/{first}, "x"')
    await put(412, if_match='"other"')
    await put(412, if_match=f"W/{first}")
    second = (await put(200, if_match=f'"x", {first}')).headers["etag"]
    await put(412, if_match=first)
    await put(200, if_none_match=first)
    await put(400, if_match="unquoted")
    assert second != first
    removed = await client.delete("/files/local/data", headers={"If-Match": first})
    assert removed.status_code == 412
    removed = await client.delete("/files/local/data", headers={"If-Match": "*"})
    assert removed.status_code == 204


async def test_uploads_that_are_too_large(
    client: httpx.AsyncClient, home: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 20)

    assert (await client.put("/files/local/x", content=endless())).status_code == 413
    declared = await client.put(
        "/files/local/x", content=b"x", headers={"Content-Length": str(9 << 20)}
    )
    assert declared.status_code == 413
    assert names(home) == []


async def test_a_body_shorter_than_said(client: httpx.AsyncClient, home: Path) -> None:
    answer = await client.put(
        "/files/local/x", content=b"x", headers={"Content-Length": "10"}
    )
    assert answer.status_code == 400
    assert names(home) == []


async def test_an_encoded_body_is_not_stored(
    client: httpx.AsyncClient, home: Path
) -> None:
    answer = await client.put(
        "/files/local/x", content=b"x", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415
    assert names(home) == []


async def test_a_client_that_goes_away_leaves_nothing(
    app: ASGIApp, services: Any, home: Path
) -> None:
    before = open_descriptors()
    sent: list[Any] = []
    messages: Iterable[dict[str, object]] = [
        {"type": "http.request", "body": bytes(2 << 20), "more_body": True},
        {"type": "http.disconnect"},
    ]
    coming = iter(messages)

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/files/local/data",
        "raw_path": b"/files/local/data",
        "query_string": b"",
        "headers": [(b"content-length", b"4000000")],
    }
    await AsCaller(app, services, caller())(scope, receive, send)
    assert sent[0]["status"] == 400
    assert names(home) == []
    assert open_descriptors() <= before + 1  # the worker's socket


async def test_a_cancelled_upload_leaves_nothing(
    client: httpx.AsyncClient, home: Path
) -> None:
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(2 << 20)
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(client.put("/files/local/data", content=slow()))
    await begun.wait()
    while not names(home):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(home) == []


async def test_a_full_disk(client: httpx.AsyncClient, home: Path) -> None:
    small = home / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m none {small} 2>/dev/null"):
        missing("the right to mount a small tmpfs")
    try:
        declared = await client.put("/files/local/small/x", content=bytes(2 << 20))
        assert declared.status_code == 507

        async def blocks() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield bytes(1 << 20)

        streamed = await client.put("/files/local/small/x", content=blocks())
        assert streamed.status_code == 507
        assert names(small) == []
        after = await client.put("/files/local/small/x", content=b"fits")
        assert after.status_code == 201
    finally:
        os.system(f"umount {small}")


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
    for bad in ("..", "/a/../b", "%2F", "%zz", "/%00", "~other/x"):
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
    assert (await client.get("/files/local/log?view=archive")).status_code == 422
    assert (await client.get("/files/local/log?view=tail&lines=0")).status_code == 422
    assert (await client.head("/files/local/folder")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("none", 404),
        ("none/inner", 404),
        ("file/inner", 409),
        ("%2e%2e", 400),
        ("%2e%2e/%2e%2e/etc/passwd", 400),
        ("folder/..%2fx", 400),
        ("a%2Fb", 400),
        ("a%00b", 400),
        ("x" * 256, 400),
        ("x/" * 2100, 400),
        ("%ff" * 300, 400),
        ("round", 400),
        ("out/secret", 403),
        ("absolute", 403),
        ("pipe", 409),
        ("\\..\\..", 404),
        ("..;/x", 404),
        (".../x", 404),
    ],
)
async def test_paths_that_are_refused(
    client: httpx.AsyncClient, home: Path, path: str, status: int
) -> None:
    (home.parent / "secret").write_text("secret")
    (home / "file").touch()
    (home / "out").symlink_to("..")
    (home / "absolute").symlink_to(home.parent / "secret")
    (home / "round").symlink_to("round")
    os.mkfifo(home / "pipe")
    url = httpx.URL("http://gateway").copy_with(
        raw_path=f"/files/local/{path}".encode()
    )
    request = httpx.Request("GET", url)
    answer = await client.send(request)
    assert answer.status_code == status, answer.text
    assert "secret" not in answer.text
    assert str(home.parent) not in answer.text


async def test_upload_paths_that_are_refused(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "folder").mkdir()
    assert (await client.put("/files/local/folder", content=b"")).status_code == 409
    assert (await client.put("/files/local/x/", content=b"")).status_code == 400
    assert (await client.put("/files/local/", content=b"")).status_code == 400
    assert (await client.put("/files/local/none/x", content=b"")).status_code == 404
    assert names(home) == [b"folder"]


async def test_permissions_are_the_kernel_s(
    client: httpx.AsyncClient, home: Path
) -> None:
    if os.system(f"chattr +i {home} 2>/dev/null"):
        missing("a file system with chattr +i")
    try:
        answer = await client.put("/files/local/x", content=b"")
        assert answer.status_code == 403
    finally:
        os.system(f"chattr -i {home}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/local"),
        ("GET", "/local/"),
        ("GET", "/local/x"),
        ("HEAD", "/local/x"),
        ("GET", "/local/x?view=stat"),
        ("GET", "/local/x?view=checksum"),
        ("GET", "/local/x?view=tail"),
        ("PUT", "/local/x"),
        ("DELETE", "/local/x"),
    ],
)
async def test_who_may_not(app: ASGIApp, services: Any, method: str, path: str) -> None:
    for who, status in ((visitor(), 401), (caller("eve", Role.GUEST), 403)):
        async with client_of(app, services, who) as client:
            answer = await client.request(method, f"/files{path}")
            assert answer.status_code == status
            operations = await client.post(
                "/files/local/x", json={"op": "mkdir", "parents": False}
            )
            assert operations.status_code == status


async def test_a_token_that_may_only_read(
    app: ASGIApp, services: Any, home: Path
) -> None:
    reader = Caller("ada", frozenset({"files:read"}), role=Role.OWNER)
    (home / "data").write_text("content")
    async with client_of(app, services, reader) as client:
        assert (await client.get("/files/local/data")).status_code == 200
        assert (await client.put("/files/local/data")).status_code == 403
        assert (await client.delete("/files/local/data")).status_code == 403


async def test_a_hanging_worker_is_a_504_and_then_replaced(
    client: httpx.AsyncClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/files/local/")).status_code == 200
    stop(services.worker.pid)
    call = services.worker.exchange

    async def soon(*given: Any, **named: Any) -> Any:
        return await call(*given, **{**named, "seconds": 0.2})

    monkeypatch.setattr(services.worker, "exchange", soon)
    hung = await client.get("/files/local/")
    assert hung.status_code == 504
    assert hung.headers["retry-after"]
    monkeypatch.undo()
    assert (await client.get("/files/local/")).status_code == 200
