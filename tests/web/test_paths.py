import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.web.paths import AnyPath, decode_path, encode_path, rest_of_path

NAME = st.binary(min_size=1).filter(lambda name: b"/" not in name and b"\0" not in name)


@given(st.lists(NAME, min_size=1, max_size=4))
def test_bytes_go_round(names: list[bytes]) -> None:
    path = b"/" + b"/".join(names)
    text = encode_path(path)
    assert text.isascii()
    assert not set(text) & set(' "<>?#%\r\n') - {"%"}
    assert decode_path(text.encode()) == path


@pytest.mark.parametrize("path", [b"/%00", b"/a%2F%00", b"/%", b"/%4", b"/%zz"])
def test_what_no_name_has_is_refused(path: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_path(path)


def test_the_rest_follows_prefix_and_route() -> None:
    scope = {
        "raw_path": b"/base/api/v1/files/local/a%20b/%ff",
        "root_path": "/base/api/v1",
    }
    assert rest_of_path(scope, 2) == b"/a b/\xff"
    assert rest_of_path({"raw_path": b"/files/local/", "root_path": ""}, 2) == b"/"
    assert rest_of_path({"raw_path": b"/files/local", "root_path": ""}, 2) == b"/"


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (b"/%2F", b"//"),
        (b"/a%2fb", b"/a/b"),
        (b"/a%2Fb/c", b"/a/b/c"),
        (b"/a%252Fb", b"/a%2Fb"),
        (b"/..%2F..", b"/../.."),
    ],
)
def test_an_escaped_slash_is_a_slash(sent: bytes, path: bytes) -> None:
    assert decode_path(sent) == path
    assert rest_of_path({"raw_path": b"/files/local" + sent}, 2) == path


@pytest.mark.parametrize("path", [b"/files/local%2Fhome/x", b"/files%2flocal/home/x"])
def test_the_parts_before_the_rest_have_no_escaped_slash(path: bytes) -> None:
    """The route was found by the decoded path, of which they are several parts."""
    with pytest.raises(InvalidRequest):
        rest_of_path({"raw_path": path}, 2)


def test_without_raw_path_the_text_counts() -> None:
    assert rest_of_path({"path": "/files/local/é b"}, 2) == "/é b".encode()


def test_the_convertor_takes_all() -> None:
    assert AnyPath().convert("a\nb") == AnyPath().to_string("a\nb") == "a\nb"
