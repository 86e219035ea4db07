"""Sizes and numbers that do not fit in the old fields of ZIP and tar."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from gatewright.domains.files import Entry
from gatewright.faces.api.archives.tar_file import TarFile
from gatewright.faces.api.archives.zip_file import ZipFile

GIB = 1 << 30


def file_of(size: int, modified_ns: int = 0) -> Entry:
    return Entry(b"f", 0o100644, size, modified_ns, 0, "ada", "ada", 1, 2)


def test_a_file_above_four_gibibytes(tmp_path: Path) -> None:
    archive, size, block = ZipFile(), 4 * GIB + 5, bytes(16 << 20)
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.write(archive.begin(b"large", file_of(size)))
        for offset in range(0, size, len(block)):
            file.write(archive.data(block[: size - offset]))
        file.write(archive.end())
        file.write(archive.whole(b"after", file_of(5), b"after"))
        file.writelines(archive.finish())
    archive.close()
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert [one.file_size for one in found.infolist()] == [size, 5]


def test_a_member_that_begins_beyond_four_gibibytes(tmp_path: Path) -> None:
    archive = ZipFile()
    archive._offset = 5 * GIB  # as if so much had been written
    path = tmp_path / "far.zip"
    with path.open("wb") as file:
        file.seek(5 * GIB)
        file.write(archive.whole(b"far", file_of(3), b"far"))
        file.writelines(archive.finish())
    archive.close()
    with zipfile.ZipFile(path) as found:
        assert found.getinfo("far").header_offset == 5 * GIB
        assert found.read("far") == b"far"


def test_more_members_than_sixteen_bits_count() -> None:
    archive, body = ZipFile(), io.BytesIO()
    for number in range(70_000):
        body.write(archive.whole(b"%d" % number, file_of(0), b""))
    body.writelines(archive.finish())
    archive.close()
    with zipfile.ZipFile(body) as found:
        assert len(found.namelist()) == 70_000
        assert found.read("69999") == b""


def told_by(header: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(header)) as found:
        told = found.next()
    assert told is not None
    return told


@pytest.mark.parametrize("name", [b"large", b"large \xff"])
def test_a_tar_member_above_eight_gibibytes(name: bytes) -> None:
    size = 9 * GIB
    header = TarFile().begin(name, file_of(size))
    told = told_by(header)
    assert told.size == size
    assert told.name == name.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("year", "expected"), [(1900, (1980, 1)), (2200, (2107, 12)), (2020, (2020, 1))]
)
def test_times_that_cannot_be_written(year: int, expected: tuple[int, int]) -> None:
    seconds = round((year - 1970) * 365.2425 * 86400)
    archive, body = ZipFile(), io.BytesIO()
    body.write(archive.whole(b"f", file_of(0, seconds * 10**9), b""))
    body.writelines(archive.finish())
    archive.close()
    with zipfile.ZipFile(body) as found:
        assert found.getinfo("f").date_time[:2] == expected
    header = TarFile().whole(b"f", file_of(0, seconds * 10**9), b"")
    told = told_by(header)
    assert told.mtime == seconds
