"""Text of files in UTF-8 and in Latin-1."""

import pytest

from gatewright.domains.arrays import (
    ElementType,
    as_stored,
    readable,
    text_attribute,
)

STORED = [b"plain", "é 漢".encode(), b"\xb0C", b"M\xfcnchn"]


def surrogates(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("data", "text"),
    [*zip(STORED, ["plain", "é 漢", "°C", "Münchn"], strict=True)],
)
def test_what_is_no_utf_8_is_latin_1(data: bytes, text: str) -> None:
    assert readable(surrogates(data)) == text
    attribute = text_attribute(ElementType.CHAR, (surrogates(data),))
    assert attribute.values == (text,)
    written = [one.encode("utf-8", "surrogateescape") for one in as_stored(attribute)]
    assert written == [data]


def test_texts_of_one_attribute_keep_their_bytes_together() -> None:
    attribute = text_attribute(ElementType.STRING, tuple(map(surrogates, STORED)))
    assert attribute.latin1
    written = [one.encode("utf-8", "surrogateescape") for one in as_stored(attribute)]
    assert written == STORED
