"""Orders for arrays, each by one command, on a made-up Slurm.

The worker and its grants are the real ones.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.backends.slurm.test_absent import Site, site
from tests.backends.slurm.test_cancels import carried_out, kept, ordered
from tests.backends.slurm.test_lost import LOST, accounts, scheduler
from tests.backends.worker.test_permit import PERSON

from gatewright.backends.slurm.marks import NativeId
from gatewright.core.errors import NotAllowed, Unavailable
from gatewright.domains.compute import JobState

__all__ = ["site"]
SIZE = 25
ELEMENTS = [replace(LOST, number=f"100_{index}") for index in range(SIZE)]
TEXTS = list(map(str, ELEMENTS))


def row(native: NativeId, **fields: str) -> dict[str, Any]:
    array, _, index = native.number.partition("_")
    return {
        "JobID": int(array) + 1 + int(index), "ArrayJobID": int(array),
        "ArrayTaskID": index, "UserName": native.account, "State": "PENDING",
        "Comment": native.mark.comment, **fields,
    }  # fmt: skip


def has_queue(site: Site, rows: Sequence[dict[str, Any]]) -> None:
    (site.folder / "queue").write_text(json.dumps(rows))


def asked(site: Site, program: str) -> int:
    return (site.folder / "asked").read_text().split().count(program)


@pytest.fixture
def array(site: Site) -> Site:
    """Return a site where Slurm has an array of a person, of which one is active."""
    site.tickets.absent = False
    accounts(site)
    has_queue(site, [row(ELEMENTS[0], State="RUNNING"), *map(row, ELEMENTS[1:])])
    return site


async def test_an_array_is_canceled_by_one_command(array: Site) -> None:
    async with scheduler(array) as made:
        await made.cancel(PERSON, TEXTS)
        assert asked(array, "scancel") == 1
        assert array.queue == []
        # Noted in one file: Slurm has forgotten them, and none is submitted again.
        assert len(kept(array)) == 1
        array.claims.mkdir(parents=True)
        claim = array.claims / f"{LOST.name}_0"
        claim.write_text("begun 101 0 100\nended 101 3 105\n")
        found = await made.status(PERSON, TEXTS)
        states = [found[text].state for text in TEXTS]
        assert states == [JobState.FAILED, *[JobState.CANCELED] * (SIZE - 1)]
        await made.forget(TEXTS[:-1])
        (note,) = kept(array)
        assert note.read_text().endswith("\n-\n100_24")
        assert (await made.status(PERSON, TEXTS[:1]))[TEXTS[0]].exit_code == 3
        await made.forget(TEXTS[-1:])
        assert kept(array) == []


async def test_elements_without_a_folder_of_claims_are_lost(array: Site) -> None:
    has_queue(array, [])
    async with scheduler(array) as made:
        found = await made.status(PERSON, TEXTS)
    assert {one.state for one in found.values()} == {JobState.NEW}


async def test_what_slurm_refuses_to_cancel_is_not_noted(array: Site) -> None:
    """Lost by a controller that is killed, it is submitted again."""
    (array.folder / "denies").touch()
    async with scheduler(array) as made:
        with pytest.raises(NotAllowed, match="does not let you cancel"):
            await made.cancel(PERSON, TEXTS)
        assert kept(array) == []
        assert len(array.queue) == SIZE
        has_queue(array, [])
        found = await made.status(PERSON, TEXTS)
    assert {one.state for one in found.values()} == {JobState.NEW}


async def test_only_what_goes_on_is_forgotten_of_a_refusal(array: Site) -> None:
    """Others of the order are gone, and an earlier order for one of them is kept."""
    assert "The order is kept" in await ordered(array, ELEMENTS[3])
    (order,) = kept(array)
    array.tickets.absent = False
    async with scheduler(array) as made:
        await made._cancels.note(ELEMENTS[:5])
        await made._cancels.retract(ELEMENTS[2:4])
    left = [path.read_text().split("\n")[1:] for path in kept(array) if path != order]
    assert left == [["-", "100_[0-1,4]"]]
    assert order.read_text().startswith(f"{ELEMENTS[3]}\n")


async def test_the_order_for_an_array_is_kept_once_and_carried_out(
    array: Site,
) -> None:
    """By one grant of its own, with its person gone; another array is left alone."""
    other = replace(LOST, number="300_1", name="02hv")
    has_queue(array, [*array.queue, row(other)])
    assert "The order is kept" in await ordered(array, *ELEMENTS[1:])
    (path,) = kept(array)
    before = asked(array, "scancel")
    await carried_out(array)
    assert asked(array, "scancel") == before + 1
    assert [(job["ArrayTaskID"], job["State"]) for job in array.queue] == [
        ("0", "RUNNING"),
        ("1", "PENDING"),
    ]
    async with scheduler(array) as made:
        await made.forget(TEXTS[1:-1])
        assert kept(array) == [path]
        assert not array.intents.ended
        await made.forget(TEXTS[-1:])
    assert kept(array) == []
    (ended,) = array.intents.ended
    assert ended.name.startswith("c100x")


async def test_what_is_no_order_is_left_alone(array: Site) -> None:
    folder = array.folder / "cancels"
    folder.mkdir()
    for name, text in (
        ("01hv-100_x", f"{replace(LOST, number='100_[x]')}\n-\n"),
        ("01hv-100", "nonsense\n-\n"),
        ("01hv-101", f"{replace(LOST, number='101')}\n-"),
    ):
        (folder / name).write_text(text)
    (folder / "01hv-folder").mkdir()
    async with scheduler(array) as made:
        await made.forget([str(replace(LOST, number="101"))])
    assert [path.name for path in kept(array)] == [
        "01hv-100",
        "01hv-100_x",
        "01hv-folder",
    ]


async def test_an_order_without_a_grant_is_neither_noted_nor_kept(
    array: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(name: str, frames: Sequence[str]) -> str:
        raise Unavailable

    monkeypatch.setattr(array.intents, "sign", away)
    assert "kept" not in await ordered(array, *ELEMENTS)
    assert kept(array) == list[Path]()
