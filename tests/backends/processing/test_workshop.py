"""The processes that work on images."""

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.needs import shared_data

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.processing import Workshop, WorkshopSettings
from gatewright.backends.processing.trainer import PoolTrainer
from gatewright.backends.readers import PoolSettings, Shared
from gatewright.core.errors import Unavailable
from gatewright.domains.processing import FrameRef, LightCurve
from gatewright.operations.classification import Material


async def test_many_frames_with_long_names_are_measured(tmp_path: Path) -> None:
    path = shared_data("sky", "decam_mini") / "DEC-OBS04a.mini.fits"
    identity = stat_identity(path.stat())
    frames = [
        FrameRef(f"{n:04}" * 600, ("s",), str(path), identity, 0, mjd=float(n))
        for n in range(40)
    ]
    pool = PoolSettings(
        programs=("gatewright.backends.processing.program",),
        folders=(path.parent,),
        spool=tmp_path,
        memory_bytes=3 << 30,
        seconds=300.0,
    )
    async with AsyncExitStack() as stack:
        workshop = Workshop(WorkshopSettings(pool, tmp_path / "products"), stack)
        curve = await workshop.light_curve(frames, 318.108333, -66.015556, "ada")
    assert [point.image for point in curve.points] == [one.image for one in frames]
    flux = [point.flux for point in curve.points]
    assert max(flux) - min(flux) < 1e-5 * max(flux)
    assert curve.points[0].flux > 10_000


async def test_many_light_curves_of_one_person_leave_room_for_others(
    tmp_path: Path,
) -> None:
    path = shared_data("sky", "decam_mini") / "DEC-OBS04a.mini.fits"
    identity = stat_identity(path.stat())
    frames = [FrameRef("i", ("s",), str(path), identity, 0, mjd=1.0)] * 10
    pool = PoolSettings(
        programs=("gatewright.backends.processing.program",),
        folders=(path.parent,),
        spool=tmp_path,
        memory_bytes=3 << 30,
        seconds=300.0,
        readers=1,
        waiting=4,
    )
    async with AsyncExitStack() as stack:
        workshop = Workshop(WorkshopSettings(pool, tmp_path / "products"), stack)
        first, _, refused, other = await asyncio.gather(
            *(
                workshop.light_curve(frames, 318.108333, -66.015556, person)
                for person in ("ada", "ada", "ada", "ben")
            ),
            return_exceptions=True,
        )
    assert isinstance(first, LightCurve)
    assert isinstance(refused, Unavailable)
    assert isinstance(other, LightCurve)


async def test_large_arguments_are_encoded_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training has the features of thousands of examples."""
    threads: list[int] = []
    encode = Shared.named_by_content

    def noted(arguments: dict[str, Any]) -> Shared:
        threads.append(threading.get_ident())
        return encode(arguments)

    monkeypatch.setattr(Shared, "named_by_content", noted)
    seen: list[Shared] = []

    class Pool:
        async def call(self, *_: object, shared: Shared, **__: object) -> Any:
            seen.append(shared)
            return {"judge": {}, "report": {}}

    async def started(*_: object) -> Pool:
        return Pool()

    pool = PoolSettings(programs=(), folders=(), spool=tmp_path)
    async with AsyncExitStack() as stack:
        workshop = Workshop(WorkshopSettings(pool, tmp_path), stack)
        monkeypatch.setattr(workshop, "_started", started)
        trainer = PoolTrainer(workshop)
        for number in (1, 1, 2):
            material = Material([{"features": {"snr": number}}], [], {})
            await trainer.learn(material, None, seed=1, person="ada")
    assert len(threads) == 3
    assert threading.get_ident() not in threads
    assert seen[0].handle == seen[1].handle != seen[2].handle
