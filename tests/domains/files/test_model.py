import stat

import pytest

from gatewright.domains import files
from gatewright.domains.files import Entry, FileType


def entry(mode: int) -> Entry:
    return Entry(b"x", mode, 10, 1_500_000_000_000_000_255, 5, "ada", "staff", 1, 255)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (stat.S_IFREG, FileType.FILE),
        (stat.S_IFDIR, FileType.DIRECTORY),
        (stat.S_IFLNK, FileType.LINK),
        (stat.S_IFIFO, FileType.PIPE),
        (stat.S_IFSOCK, FileType.SOCKET),
        (stat.S_IFBLK, FileType.DEVICE),
        (stat.S_IFCHR, FileType.DEVICE),
        (0, FileType.UNKNOWN),
    ],
)
def test_types(mode: int, kind: FileType) -> None:
    assert entry(mode | 0o4751).type is kind
    assert entry(mode | 0o4751).permissions == "4751"


def test_a_version_is_of_one_content() -> None:
    one = entry(stat.S_IFREG)
    assert one.etag == '"1-ff-a-14d1120d7b1600ff-5"'
    assert one.modified_at == pytest.approx(1.5e9)


def test_exported_names() -> None:
    assert all(hasattr(files, name) for name in files.__all__)
