"""What a gateway measures of itself when it is asked."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.whole import OWNER, whole

from gatewright.core import disk
from gatewright.core.errors import StorageFull
from gatewright.core.measures import Measurement, taken


async def test_what_fails_or_hangs_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fine() -> list[Measurement]:
        return [Measurement("x", "X.", [({}, 1.0)])]

    async def broken() -> list[Measurement]:
        raise OSError("/var/secret")

    async def hung() -> list[Measurement]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("gatewright.core.measures._PATIENCE_SECONDS", 0.2)
    found = await taken({"a": fine, "b": broken, "c": hung})
    assert [one.name for one in found] == ["x", "measured"]
    told = {labels["measure"]: value for labels, value in found[-1].values}
    assert told == {"a": 1.0, "b": 0.0, "c": 0.0}


async def test_a_disk_with_little_room_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await disk.check_room(tmp_path)
    monkeypatch.setattr(disk, "LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(StorageFull, match="bytes left"):
        await disk.check_room(tmp_path)


@pytest.mark.parametrize("processes", [1, 2])
async def test_the_page_shows_all_that_the_gateway_needs(
    tmp_path: Path, processes: int
) -> None:
    (tmp_path / "night").mkdir()
    settings = {
        "gateway": {"state": str(tmp_path / "s"), "processes": processes},
        # Readers start with the gateway where something is published.
        "surveys": [{"id": "night", "images": str(tmp_path / "night" / "*.fits")}],
    }
    async with whole(tmp_path, settings) as gateway:
        client = await gateway.client(OWNER)
        spec = {"script": "#!/bin/sh\nsleep 600\n"}
        made = await client.post("/api/v1/jobs/local", json=spec)
        assert made.status_code == 201
        assert (await client.get("/api/v1/files/local/")).status_code == 200
        page = (await client.get("/metrics")).text
        await client.delete(f"/api/v1/jobs/local/{made.json()['id']}")
    families = {f.name: f for f in text_string_to_metric_families(page)}
    answers = families["gatewright_measured"].samples
    measured = {one.labels["measure"]: one.value for one in answers}
    assert set(measured.values()) == {1.0}
    assert measured.keys() == {"database", "jobs", "readers", "workers", "disk"}

    def total(name: str) -> float:
        return sum(sample.value for sample in families[f"gatewright_{name}"].samples)

    assert total("jobs") == 1
    (jobs,) = families["gatewright_jobs"].samples
    assert jobs.labels["system"] == "local"
    assert total("readers") == 3
    assert total("readers_waiting") == 0
    assert total("workers") == 1
    assert total("database_bytes") > 10_000
    assert 0 < total("database_read_seconds") < 60
    assert 0 < total("disk_free_bytes") <= total("disk_bytes")
    (workers,) = families["gatewright_workers"].samples
    assert ("process" in workers.labels) == (processes > 1)
