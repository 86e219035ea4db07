"""The last snapshot of a cluster is shared by the gateway's processes."""

import asyncio
import threading
from pathlib import Path

import pytest

from gatewright.backends.slurm.looks import Looks
from gatewright.core.errors import Unavailable
from gatewright.domains.compute import Snapshot


async def test_each_process_sees_what_another_has_kept(tmp_path: Path) -> None:
    ours, theirs = Looks(tmp_path / "looks"), Looks(tmp_path / "looks")
    with pytest.raises(Unavailable):
        await ours.last()
    for at in (1.0, 2.0):
        await theirs.keep(Snapshot(as_of=at, jobs=()))
        seen = await asyncio.gather(*(ours.last() for _ in range(20)))
        assert {one.as_of for one in seen} == {at}
        assert len({id(one) for one in seen}) == 1, "it is read once for all"


async def test_a_file_that_is_no_snapshot_is_passed_over(tmp_path: Path) -> None:
    ours, theirs = Looks(tmp_path), Looks(tmp_path)
    await theirs.keep(Snapshot(as_of=1.0, jobs=()))
    assert (await ours.last()).as_of == 1.0
    (tmp_path / "look").write_bytes(b"\xc1")
    assert (await ours.last()).as_of == 1.0
    kept = (tmp_path / "look").read_bytes()
    for text in (b"", kept, b"\0" * 16, b"\1" + b"\0" * 15 + b"\xc1"):
        (tmp_path / "look").write_bytes(text)
        assert (await ours.last()).as_of == 1.0
    (tmp_path / "look").unlink()
    assert (await ours.last()).as_of == 1.0
    await theirs.keep_failure("Slurm is away.")
    assert (await ours.last()).failure == "Slurm is away."


async def test_a_process_does_not_read_what_it_is_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read the queue of a large cluster takes long, and it is in memory."""
    ours, go, written = Looks(tmp_path), threading.Event(), threading.Event()
    old, new = (Snapshot(as_of=at, jobs=()) for at in (1.0, 2.0))
    await ours.keep(old)
    replace = Path.replace

    def held(path: Path, target: Path) -> Path:
        found = replace(path, target)
        written.set()
        assert go.wait(60)
        return found

    with monkeypatch.context() as slow:
        slow.setattr(Path, "replace", held)
        keeping = asyncio.create_task(ours.keep(new))
        assert await asyncio.to_thread(written.wait, 60)
        assert await ours.last() is old
        go.set()
        await keeping
    assert await ours.last() is new


async def test_while_the_controller_is_away_each_process_refuses_at_once(
    tmp_path: Path,
) -> None:
    """Until a look gets an answer, or nobody has looked for a minute."""
    ours, theirs = Looks(tmp_path), Looks(tmp_path)
    await ours.require_answers(0.0)
    await theirs.keep_failure("It printed nonsense.")
    await ours.require_answers(100.0)
    for before in (None, Snapshot(as_of=90.0, jobs=())):
        if before is not None:
            await theirs.keep(before)
            await ours.require_answers(100.0)
        await theirs.keep_failure("It is away.", away_at=100.0)
        for now in (100.0, 159.0):
            with pytest.raises(Unavailable, match="It is away") as told:
                await ours.require_answers(now)
            assert told.value.retry_after == 5.0
        for now in (160.0, 99.0):  # and when the clock was set back
            await ours.require_answers(now)
