"""The processes that work on images."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.needs import shared_data

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.processing import Workshop, WorkshopSettings
from gatewright.backends.readers import PoolSettings
from gatewright.core.errors import Unavailable
from gatewright.domains.processing import FrameRef, LightCurve


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
