from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.web.user_content import content_disposition, media_type, user_content

NASTY = [
    b'a"b.txt',
    b"a\r\nSet-Cookie: x=1",
    b"a;b.txt",
    b"\\",
    b"100%41",
    b"x" * 255,
    b"\xff\xfe",
    "\u202egnp.exe".encode(),
    "naïve \u2603.nc".encode(),
    b"<img src=x onerror=alert(1)>",
    b"\0\x1b[31m",
]


@given(st.binary(max_size=255))
@example(b"plain.txt")
def test_a_name_is_never_a_header(name: bytes) -> None:
    for kind in ("inline", "attachment"):
        field = content_disposition(kind, name)
        assert field.isascii()
        assert field.isprintable()
        assert field.startswith(f'{kind}; filename="')
        assert field.count('"') == 2


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names(name: bytes) -> None:
    field = content_disposition("attachment", name)
    assert field.isprintable()
    message = Message()
    message["Content-Disposition"] = field
    assert message.get_content_disposition() == "attachment"
    assert not set(field.split('"')[1]) & set("\\\r\n;%")


def test_a_name_comes_back_whole() -> None:
    field = content_disposition("inline", "naïve \u2603.txt".encode())
    assert unquote(field.partition("UTF-8''")[2]) == "naïve \u2603.txt"
    assert 'filename="na_ve _.txt"' in field
    assert content_disposition("inline", b"a b.txt") == 'inline; filename="a b.txt"'


@pytest.mark.parametrize(
    "name",
    [
        *(b"x.html", b"x.HTM", b"x.svg", b"x.xml", b"x.xhtml", b"x.js", b"x.mjs"),
        *(
            b"x.css",
            b"x.swf",
            b"x.wasm",
            b"x.mht",
            b"x",
            b"x.\xff",
            b".html",
            b"x.html ",
        ),
    ],
)
def test_what_could_run_is_a_download(name: bytes) -> None:
    kind, headers = user_content(name)
    assert kind == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"x.PNG", "image/png"),
        (b"x.log", "text/plain; charset=utf-8"),
        (b"x.json", "text/plain; charset=utf-8"),
        (b"x.pdf", "application/pdf"),
    ],
)
def test_what_only_shows_itself_is_inline(name: bytes, kind: str) -> None:
    assert media_type(name) == (kind, True)
    assert media_type(b"x.nc") == ("application/x-netcdf", False)
