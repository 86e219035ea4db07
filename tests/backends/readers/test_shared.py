"""Arguments that many calls share are sent to each reader once."""

import os
from pathlib import Path

import pytest
from tests.support.inline_pool import InlinePool

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.readers import PoolSettings, Shared, open_pool
from gatewright.backends.readers.shared import Known

ECHO = "gatewright.testing.reader_program:echo"
PATHS = [f"/archive/model/{n:05}.nc".encode() for n in range(20_000)]


async def test_calls_share_more_than_one_call_may_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    descriptor = Shared.descriptor

    def noted(one: Shared) -> int:
        sent.append(one.handle)
        return descriptor(one)

    monkeypatch.setattr(Shared, "descriptor", noted)
    settings = PoolSettings(
        ("gatewright.testing.reader_program",), (), tmp_path, readers=1
    )
    many = Shared.of("many", {"paths": PATHS, "number": 1})
    async with open_pool(settings) as pool:
        for number in (2, 3):
            found = await pool.call(ECHO, {"number": number}, shared=many)
            assert found["paths"] == PATHS
            assert found["number"] == number
        assert (await pool.call(ECHO, {})).keys() == {"process"}
    assert sent == ["many"]


async def test_a_reader_forgets_what_was_used_longest_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Known.__init__, "__defaults__", (2, 1000))
    settings = PoolSettings(
        ("gatewright.testing.reader_program",), (), tmp_path, readers=1
    )
    async with open_pool(settings) as pool:
        for handle in ("a", "b", "a", "c", "a", "b"):
            one = Shared.of(handle, {"handle": handle})
            assert (await pool.call(ECHO, {}, shared=one))["handle"] == handle


def test_what_a_reader_keeps_is_bounded_in_number_and_in_bytes() -> None:
    known = Known(most=3, most_bytes=10)
    small = [Shared(str(n), b"..") for n in range(5)]
    assert [known.use(one) for one in small[:3]] == [[], [], []]
    assert known.use(small[0]) is None
    assert known.use(small[3]) == ["1"]
    assert known.use(Shared("large", b"." * 7)) == ["2", "0"]
    assert known.use(Shared("huge", b"." * 99)) == ["3", "large"]
    assert known.use(small[0]) == ["huge"]


async def test_a_source_of_thousands_of_files_has_a_short_handle() -> None:
    reader = PooledArrayReader(InlinePool(), {})
    places = [Path(os.fsdecode(path)) for path in PATHS]
    source = reader.source(*places)
    assert len(source) < 30
    assert reader.source(*places) == source
    assert reader.source(*places[:-1]) != source
