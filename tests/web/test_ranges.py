import email
import email.policy
from collections.abc import Sequence
from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.core.errors import RangeNotSatisfiable
from gatewright.web.ranges import (
    MOST_RANGES,
    Piece,
    Span,
    length,
    multipart,
    parse_range,
    range_applies,
    split,
    windows,
)


@pytest.mark.parametrize(
    ("field", "spans"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", [Span(0, 1)]),
        ("bytes=0-", [Span(0, 100)]),
        ("Bytes = 10-19", [Span(10, 10)]),
        ("bytes=90-1000", [Span(90, 10)]),
        ("bytes=-1", [Span(99, 1)]),
        ("bytes=-1000", [Span(0, 100)]),
        ("bytes=0-9, 20-29", [Span(0, 10), Span(20, 10)]),
        ("bytes=20-29,0-9", [Span(20, 10), Span(0, 10)]),
        ("bytes=0-9,,  5-14", [Span(0, 15)]),
        ("bytes=50-,0-60", [Span(0, 100)]),
        ("bytes=0-9,500-600", [Span(0, 10)]),
        ("bytes=" + "9" * 5000 + "-,0-0", [Span(0, 1)]),
        ("bytes=0-" + "9" * 5000, [Span(0, 100)]),
        ("bytes=-" + "9" * 5000, [Span(0, 100)]),
        ("bytes=9-0", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-9;1-2", None),
        ("bytes=--1", None),
        ("bytes=0-1,x", None),
        ("bytes=1-2-3", None),
        ("bytes=\u0661-", None),
        ("bytes 0-1", None),
        ("bytes=", None),
        ("items=0-1", None),
        ("bytes=" + ",".join(["0-0"] * (MOST_RANGES + 1)), None),
    ],
)
def test_fields(field: str | None, spans: list[Span] | None) -> None:
    assert parse_range(field, 100) == spans


@pytest.mark.parametrize("field", ["bytes=100-", "bytes=-0", "bytes=100-200,-0"])
def test_outside(field: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(field, 100)
    assert caught.value.headers == {"Content-Range": "bytes */100"}


def test_an_empty_content_has_no_range() -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range("bytes=0-", 0)
    with pytest.raises(RangeNotSatisfiable):
        parse_range("bytes=-5", 0)


SPECS = st.tuples(st.integers(0, 300), st.integers(0, 300) | st.none()) | st.tuples(
    st.none(), st.integers(0, 300)
)


@given(st.lists(SPECS, min_size=1, max_size=8), st.integers(0, 200))
@example([(0, 9), (5, 3)], 10)
def test_the_bytes_are_those_of_the_range(
    specs: list[tuple[int | None, int | None]], size: int
) -> None:
    """Compare the union of the parts with a set of positions, byte by byte."""
    expected: set[int] = set()
    for first, last in specs:
        if first is None:
            assert last is not None
            expected |= set(range(max(0, size - last), size))
        else:
            expected |= set(range(first, size if last is None else min(last + 1, size)))
    field = "bytes=" + ",".join(
        f"{'' if a is None else a}-{'' if b is None else b}" for a, b in specs
    )
    invalid = any(a is not None and b is not None and b < a for a, b in specs)
    try:
        spans = parse_range(field, size)
    except RangeNotSatisfiable:
        assert not expected
        return
    if invalid:
        assert spans is None
        return
    assert spans is not None
    found = [n for span in spans for n in range(span.offset, span.end)]
    assert len(found) == len(set(found))
    assert set(found) == expected


@given(st.text(max_size=40))
def test_no_field_is_too_odd(field: str) -> None:
    for text in (field, "bytes=" + field):
        try:
            spans = parse_range(text, 50)
        except RangeNotSatisfiable:
            continue
        assert spans is None or all(0 <= s.offset < s.end <= 50 for s in spans)


def test_if_range() -> None:
    etag, moment = '"a"', 1_000_000_000.5
    date = formatdate(1_000_000_000, usegmt=True)
    assert range_applies({}, etag, moment)
    assert range_applies({"if-range": etag}, etag, moment)
    assert range_applies({"if-range": date}, etag, moment)
    assert not range_applies({"if-range": '"b"'}, etag, moment)
    assert not range_applies({"if-range": 'W/"a"'}, etag, moment)
    assert not range_applies({"if-range": date}, etag, moment + 1)
    assert not range_applies({"if-range": date}, etag, None)
    assert not range_applies({"if-range": "junk"}, etag, moment)


@pytest.mark.parametrize("count", range(26))
def test_a_body_is_split_anywhere(count: int) -> None:
    content = bytes(range(100))
    pieces: list[Piece] = [b"head", Span(50, 10), b"mid", Span(3, 7), b"!"]
    first, last = split(pieces, count)
    assert length(first) == count
    assert length(last) == 25 - count

    def bytes_of(parts: Sequence[Piece]) -> bytes:
        return b"".join(
            content[p.offset : p.end] if isinstance(p, Span) else p for p in parts
        )

    assert bytes_of(first) + bytes_of(last) == bytes_of(pieces)
    assert bytes_of(windows(pieces, 3)) == bytes_of(pieces)
    assert max(p.count for p in windows(pieces, 3) if isinstance(p, Span)) == 3


def test_a_mail_parser_reads_the_parts() -> None:
    content = bytes(range(32, 82)) * 2
    spans = [Span(0, 3), Span(50, 10), Span(99, 1)]
    parts = multipart(spans, 100, "text/plain; charset=utf-8")
    body = b"".join(
        content[p.offset : p.end] if isinstance(p, Span) else p for p in parts.pieces
    )
    assert len(body) == length(parts.pieces)
    head = f"Content-Type: {parts.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    found = list(message.iter_parts())
    ranges = [part["Content-Range"] for part in found]
    assert ranges == ["bytes 0-2/100", "bytes 50-59/100", "bytes 99-99/100"]
    assert {part.get_content_type() for part in found} == {"text/plain"}
    contents = [part.get_payload(decode=True) for part in found]
    assert contents == [content[s.offset : s.end] for s in spans]
