"""Deletions on a disk that is full to the last byte, through the whole application."""

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.conformance.test_full_disk_health import fill, small_disk
from tests.support.identity import own_identity
from tests.support.whole import OWNER, whole

__all__ = ["small_disk"]

FILES = "/api/v1/files/local"
STORE = "/api/v1/store/notes"
MANY = 60


async def fill_to_the_last_byte(disk: Path, client: httpx.AsyncClient) -> Path:
    """Take all room, also what the database has taken before and can use again."""
    filler = await asyncio.to_thread(fill, disk)
    for number in range(1000):
        answer = await client.put(f"{STORE}/fill-{number}", json="x" * 20_000)
        if answer.status_code not in {200, 201}:
            assert answer.status_code in {503, 507}, answer.text
            return filler
    raise AssertionError("the disk does not fill")


async def test_what_is_there_can_be_deleted(small_disk: Path) -> None:
    async with whole(small_disk) as gateway:
        client = await gateway.client(OWNER)
        for number in range(MANY):
            put = await client.put(f"{FILES}/f{number}", content=b"content")
            assert put.status_code == 201, put.text
            assert (await client.put(f"{STORE}/k{number}", json=number)).is_success
        filler = await fill_to_the_last_byte(small_disk, client)
        for number in range(MANY):
            for url in (f"{FILES}/f{number}", f"{STORE}/k{number}"):
                answer = await client.delete(url)
                assert answer.status_code == 204, answer.text
                assert (await client.get(url)).status_code == 404
        refused = await client.put(f"{STORE}/more", json="x" * 20_000)
        assert refused.status_code in {503, 507}
        # The room that a user makes through the gateway is the gateway's again.
        assert (await client.delete(f"{FILES}/none")).status_code == 404
        filler.rename(gateway.home / "filler")
        assert (await client.delete(f"{FILES}/filler")).status_code == 204
        again = await client.put(f"{STORE}/more", json="x" * 20_000)
        assert again.status_code == 201, again.text
        verdict = await own_identity(gateway.services).audit.verify()
        assert not verdict.fault


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
async def test_the_reserve_is_for_deletions_alone(
    small_disk: Path, method: str
) -> None:
    reserve = small_disk / "state" / "gateway.sqlite-reserve"
    async with whole(small_disk) as gateway:
        client = await gateway.client(OWNER)
        assert (await client.put(f"{STORE}/a", json=1)).is_success
        size = reserve.stat().st_size
        filler = await fill_to_the_last_byte(small_disk, client)
        assert reserve.stat().st_size == size
        answers = [
            await client.request(method, f"{FILES}/none{n}") for n in range(MANY)
        ]
        expected = {404} if method == "DELETE" else {503, 507}
        assert {answer.status_code for answer in answers} <= expected
        assert reserve.exists() == (method == "PUT")
        filler.unlink()
        assert (await client.put(f"{STORE}/b", json=1)).status_code == 201
        assert reserve.stat().st_size == size
