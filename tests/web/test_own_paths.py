"""Paths to which a browser may be sent."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.web.own_paths import own_path

HERE = "https://gateway.example"


@pytest.mark.parametrize(
    "path", ["/", "/jobs", "/files/local/a%2Fb/%FF?x=1#y", "/a//b"]
)
def test_a_path_of_the_gateway_stays(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "", "jobs", "//evil.example", "///evil.example", "/\\evil.example",
        "\\/evil.example", "/\t/evil.example", "/\n/evil.example", " //evil.example",
        "/ x", "/a\\b", "https://evil.example", "javascript:alert(1)",
        "/\x00", "/\u2028", "/é", "/" + "x" * 2048, "/sign-in", "/x/sign-in?code=x",
    ],
)  # fmt: skip
def test_all_else_is_the_beginning(text: str) -> None:
    assert own_path(text) == "/"


@given(st.text(st.sampled_from("/\\.:@?#ab \t\n%é"), max_size=12))
def test_no_text_leads_to_another_host(text: str) -> None:
    path = own_path(text)
    assert urlsplit(urljoin(f"{HERE}/sign-in/with/x/done", path)).netloc == (
        "gateway.example"
    )
    # Browsers take a backslash for a slash, and drop tabs and newlines.
    as_browser = "".join(path.replace("\\", "/").split())
    assert not as_browser.startswith("//")
