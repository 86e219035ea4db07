"""Threads that work on several frames or tiles at once."""

import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Event

import pytest
from tests.support.fields import ready
from tests.support.needs import shared_data

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.processing import Workshop, WorkshopSettings
from gatewright.backends.processing.threads import Threads, threads_of_each
from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.backends.readers import PoolSettings
from gatewright.domains.processing import (
    FrameRef,
    Product,
    ProductKind,
    ProductState,
    Side,
    differencing,
)

PATIENCE = 60.0


def test_results_come_in_order_though_the_second_ends_first() -> None:
    second_ended = Event()

    def work(number: int) -> int:
        if number == 0:
            assert second_ended.wait(PATIENCE)
        if number == 1:
            second_ended.set()
        return number * number

    assert list(Threads(2).map(work, range(5))) == [0, 1, 4, 9, 16]


def test_items_are_taken_only_when_a_thread_is_free() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    results = iter(Threads(2).map(str, items()))
    assert [next(results), len(taken)] == ["0", 2]
    assert [next(results), len(taken)] == ["1", 3]
    assert list(results) == list("23456789")


def test_an_error_is_raised_in_its_place() -> None:
    results = iter(Threads(2).map(int, ["1", "two", "3"]))
    assert next(results) == 1
    with pytest.raises(ValueError, match="two"):
        next(results)


@pytest.mark.parametrize(
    ("cores", "processes", "threads"),
    [(1, 1, 1), (2, 1, 2), (2, 2, 1), (4, 2, 2), (3, 2, 1), (64, 1, 2), (4, 8, 1)],
)
def test_processes_have_no_more_threads_than_cores(
    cores: int, processes: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert threads_of_each(processes) == threads


def test_tiles_at_once_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differencing, "TILE", 128)
    science, reference = ready(seed=1), ready(seed=2, fwhm=4.2, shift=(0.3, 0.2))
    one, two = (
        differencing.subtract_frames(science, reference, ScipyFourier(), Threads(n))
        for n in (1, 2)
    )
    for name in ("values", "score", "statistic", "error"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.score.std() > 0.5


async def test_products_have_the_same_bytes_with_two_threads(tmp_path: Path) -> None:
    """In worker processes, whose sandbox lets them have threads."""
    paths = sorted(shared_data("sky", "decam_mini").glob("DEC-OBS*.mini.fits"))[:4]
    frames = [
        FrameRef(path.name, ("s",), str(path), stat_identity(path.stat()), 0)
        for path in paths
    ]
    pool = PoolSettings(
        programs=("gatewright.backends.processing.program",),
        folders=(paths[0].parent,),
        spool=tmp_path,
        memory_bytes=3 << 30,
        seconds=300.0,
    )
    made: list[list[bytes]] = []
    for threads in (1, 2):
        products = tmp_path / str(threads)
        settings = WorkshopSettings(pool, products, threads=threads)
        async with AsyncExitStack() as stack:
            workshop = Workshop(settings, stack)
            for method in ("mean", "clipped", "psf-matched"):
                await workshop.coadd(_product(method), Side(frames, method), None)
            first, *others = frames
            await workshop.difference(
                _product("single"), Side([first]), Side(others[:1]), None
            )
            await workshop.difference(
                _product("several"), Side([first]), Side(others), None
            )
        made.append([path.read_bytes() for path in sorted(products.iterdir())])
    assert len(made[0]) == 5
    assert made[0] == made[1]


def _product(name: str) -> Product:
    return Product(
        id=name,
        kind=ProductKind.COADD,
        state=ProductState.WORKING,
        request={},
        surveys=["s"],
        owner="ada",
        created_at=0.0,
    )
