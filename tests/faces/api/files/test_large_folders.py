"""A folder of 100,000 files: pages that cost little and stay right while it changes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import httpx
import pytest

from gatewright.backends.worker.program import reading
from gatewright.backends.worker.program.entries import look

FILES = 100_000
STEP = 10_000


def file_name(number: int) -> str:
    return f"file-{number:06}.dat"


@pytest.fixture
def folder(home: Path) -> Path:
    """Return a folder of 100,000 empty files, which were not made in their order."""
    made = home / "many"
    made.mkdir()
    descriptor = os.open(made, os.O_RDONLY)
    try:
        for number in range(FILES):
            odd = (number * 7919) % FILES  # 7919 is prime, so each comes once
            os.mknod(file_name(odd), 0o600, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    return made


async def test_pages_are_stable_while_the_folder_changes(
    client: httpx.AsyncClient, folder: Path
) -> None:
    """Between pages, files are made and removed before and after the page's end."""
    first = await client.get("/files/local/many")
    assert first.status_code == 200
    shown = [entry["name"] for entry in first.json()["entries"]]
    assert shown == [file_name(number) for number in range(100)]
    assert len(first.content) < 100_000  # a page of 100, not the folder

    cursor, seen, gone, added = first.json()["next"], shown, set[str](), set[str]()
    while cursor:
        end = len(seen) - len(added & set(seen))
        if end + STEP + 200 < FILES:
            # On pages that were shown: this changes none of the next ones.
            (folder / file_name(end - 50)).unlink()
            (folder / f"file-000000-{end}.dat").touch()
            # On the next page: what is removed is not shown, and what is added is.
            (folder / file_name(end + STEP + 100)).unlink()
            gone.add(file_name(end + STEP + 100))
            (folder / f"file-{end + STEP + 150:06}-new.dat").touch()
            added.add(f"file-{end + STEP + 150:06}-new.dat")
        answer = await client.get(
            "/files/local/many", params={"limit": STEP, "cursor": cursor}
        )
        assert answer.status_code == 200
        seen += [entry["name"] for entry in answer.json()["entries"]]
        cursor = answer.json()["next"]

    assert len(gone) >= 8
    expected = {file_name(number) for number in range(FILES)} - gone | added
    assert seen == sorted(expected)


class CountedName(str):
    """A name that counts how many of its kind are in memory."""

    __slots__ = ()
    alive = 0
    most = 0

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        CountedName.alive += 1
        CountedName.most = max(CountedName.most, CountedName.alive)
        return made

    def __del__(self) -> None:
        CountedName.alive -= 1


async def test_a_page_keeps_and_looks_at_no_more_than_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bytes] = []

    def counted_look(
        at: int | None, name: bytes
    ) -> tuple[os.stat_result, bytes | None]:
        looked.append(name)
        return look(at, name)

    @contextmanager
    def many_entries(_: int) -> Iterator[Iterator[SimpleNamespace]]:
        """Yield entries in the order that is the worst for the first names."""
        yield (
            SimpleNamespace(name=CountedName(file_name(number)))
            for number in reversed(range(FILES))
        )

    for number in range(200):
        (tmp_path / file_name(number)).touch()
    monkeypatch.setattr(reading, "look", counted_look)
    monkeypatch.setattr("os.scandir", many_entries)
    request = {"root": str(tmp_path), "path": "/", "limit": 100}
    first = reading.listing(request | {"after": ""})
    second = reading.listing(request | {"after": first["next"]})
    monkeypatch.undo()

    assert first["next"] == file_name(99)
    assert second["next"] == file_name(199)
    assert looked == [os.fsencode(file_name(number)) for number in range(200)]
    # The page, one name that tells whether there are more, and those just compared.
    assert CountedName.most <= 100 + 1 + 3
