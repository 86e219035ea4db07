"""The head of a response, as bytes: values checked by the parser of httptools."""

import httptools
import pytest

from gatewright.web.fields import Pair
from gatewright.web.server.heads import checked, head


class Parsed:
    """What httptools finds in the bytes of a response."""

    def __init__(self, raw: bytes) -> None:
        self.fields: list[Pair] = []
        self.parser = httptools.HttpResponseParser(self)
        self.parser.feed_data(raw)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


def test_a_client_reads_the_headers_that_were_given() -> None:
    fields = [
        (b"content-length", b"0"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"x-note", "caf\u00e9 \t tab".encode("latin-1")),
    ]
    parsed = Parsed(head(201, checked(fields)))
    assert parsed.parser.get_status_code() == 201
    assert parsed.fields == fields


def test_a_response_may_have_no_headers() -> None:
    assert head(204, checked([])) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_names_are_written_in_lower_case() -> None:
    assert list(checked([(b"X-Odd", b"1"), (b"etag", b"2")])) == [
        (b"x-odd", b"1"),
        (b"etag", b"2"),
    ]


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", b"\x80", b"a\x00"])
def test_names_that_are_no_tokens_are_refused(name: bytes) -> None:
    for _ in range(2):  # the second time too, when names are remembered
        with pytest.raises(RuntimeError, match="not a token"):
            checked([(b"etag", b"1"), (name, b"x")])


@pytest.mark.parametrize("control", [*range(9), *range(10, 32), 127])
def test_values_with_control_characters_are_refused(control: int) -> None:
    with pytest.raises(RuntimeError, match="control character"):
        checked([(b"etag", b"1"), (b"x-note", b"a" + bytes([control]) + b"b: c")])


def test_names_are_checked_however_many_were_seen_before() -> None:
    for number in range(1000):
        checked([(b"x-%d" % number, b"1")])
    with pytest.raises(RuntimeError, match="not a token"):
        checked([(b"x 1", b"1")])
