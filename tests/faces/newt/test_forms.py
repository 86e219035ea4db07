"""Forms are read as browsers and curl send them, in whatever pieces they come."""

from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from gatewright.core.errors import InvalidRequest, UnsupportedMediaType
from gatewright.faces.newt.forms import Parts, UploadedFile, read_form


def request(body: bytes, content_type: str, step: int = 7) -> Request:
    pieces = [body[i : i + step] for i in range(0, len(body), step)] or [b""]
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": i + 1 < len(pieces)}
        for i, piece in enumerate(pieces)
    ]
    queue = iter(messages)

    async def receive() -> Message:
        return next(queue)

    headers = [(b"content-type", content_type.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def encoded(**parts: object) -> tuple[bytes, str]:
    made = httpx.Request("POST", "http://x", files=parts)  # type: ignore[arg-type]
    return made.read(), made.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {}),
        (b"a=1&b=x+y&c=%C3%A9", {"a": "1", "b": "x y", "c": "é"}),
        (b"a=1&a=2&empty=", {"a": "2", "empty": ""}),
        (b"a=plain words", {"a": "plain words"}),
    ],
)
async def test_urlencoded_forms(body: bytes, fields: dict[str, str]) -> None:
    kind = "application/x-www-form-urlencoded"
    assert await read_form(request(body, kind)) == fields


@pytest.mark.parametrize(
    "body", [b"a=\xff", b"a=%FF", b"a=%00", b"&".join([b"a=1"] * 1500)]
)
async def test_urlencoded_forms_that_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await read_form(request(body, "application/x-www-form-urlencoded"))


async def test_multipart_fields() -> None:
    body, kind = encoded(a=(None, "1"), b=(None, "zwei ü"))
    assert await read_form(request(body, kind)) == {"a": "1", "b": "zwei ü"}


async def test_multipart_fields_that_are_no_text_are_refused() -> None:
    for data in (b"\xff", b"\0"):
        body, kind = encoded(a=(None, data))
        with pytest.raises(InvalidRequest):
            await read_form(request(body, kind))


async def test_another_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        await read_form(request(b"{}", "application/json"))


def test_too_many_parts_are_refused() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    with pytest.raises(InvalidRequest):
        Parts({b"boundary": b"b"}).feed(part * 1001)


@given(st.binary(max_size=300), st.integers(1, 200))
def test_a_file_goes_through_in_any_pieces(content: bytes, step: int) -> None:
    body, kind = encoded(
        before=(None, b"1"), file=("n.bin", content), after=(None, b"2")
    )
    boundary = kind.partition("boundary=")[2].encode()
    parts = Parts({b"boundary": boundary})
    for i in range(0, len(body), step):
        parts.feed(body[i : i + step])
    parts.end()
    assert parts.taken() == [
        ("before", None, b"1"),
        ("file", "n.bin", content),
        ("after", None, b"2"),
    ]


async def blocks(sent: UploadedFile) -> AsyncIterator[bytes]:
    async for block in sent.blocks():
        yield block


async def test_an_uploaded_file_is_named_before_it_is_read() -> None:
    content = bytes(range(256)) * 10
    body, kind = encoded(note=(None, b"x"), file=("/tmp/a.bin", content))
    sent = UploadedFile(request(body, kind, 100))
    assert await sent.name() == "a.bin"
    assert b"".join([block async for block in blocks(sent)]) == content


async def test_a_form_without_a_file_is_refused() -> None:
    body, kind = encoded(file=(None, b"not a file"))
    with pytest.raises(InvalidRequest):
        await UploadedFile(request(body, kind)).name()
