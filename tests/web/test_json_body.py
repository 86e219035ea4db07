import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gatewright.core.errors import (
    InvalidRequest,
    UnsupportedMediaType,
)
from gatewright.web.json_body import (
    MAXIMUM_DEPTH,
    decode_json,
    is_json,
    read_json,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(values)
def test_good_json_is_what_another_decoder_reads(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert decode_json(text.encode()) == json.loads(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_400(body: bytes) -> None:
    try:
        value = decode_json(body)
    except InvalidRequest as error:
        status = error.status
        assert status == 400  # both ends are good
    else:
        msgspec.json.encode(value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e400",
        b"[-1e400]",
        b"1" * 5000,
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xed\xa0\x80"',
        b"\xff",
        b'"\x00"',
        b'"a\\u0000b"',
        b'"\\\\\\u0000"',
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"{'a': 1}",
        b"[1,]",
        b"[" * 1_000_000,
        b'{"a":' * 100_000,
        b"[" * (MAXIMUM_DEPTH + 1) + b"]" * (MAXIMUM_DEPTH + 1),
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'["]]]]", ' * 65 + b"1" + b"]" * 65,
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode_json(body)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MAXIMUM_DEPTH + b"]" * MAXIMUM_DEPTH,
        b"[" + b"[]," * 1000 + b"[]]",
        json.dumps(["[" * 500, "\\u0000", "{" * 99, '"' * 80]).encode(),
        b"12345678901234567890123",
        b'{"a": 1, "a": 2}',
    ],
)
def test_what_is_taken(body: bytes) -> None:
    assert decode_json(body) == json.loads(body)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("text/json", False),
        ("text/plain", False),
        ("image/x+json", False),
        ("", False),
    ],
)
def test_which_types_are_json(kind: str, expected: bool) -> None:
    assert is_json(kind) is expected


def request(body: bytes, kind: bytes) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "headers": [(b"content-type", kind)]}, receive)


async def test_a_request_is_read_by_its_type() -> None:
    assert await read_json(request(b"[1]", b"application/json")) == [1]
    with pytest.raises(UnsupportedMediaType):
        await read_json(request(b"[1]", b"text/plain"))
