"""The table of the kit's elements says what the elements' own code says."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ELEMENTS = ROOT / "src" / "gatewright" / "kit" / "elements"
PAGE = ROOT / "docs" / "how-to" / "pages.md"

_REGISTERED = re.compile(r'"(gw-[\w-]+)": async .*import\("\./([\w-]+\.js)"\)')
_COMMENT = re.compile(r"/\*\*((?:(?!\*/).)*?)\*/\s*export class", re.DOTALL)
_ATTRIBUTE = re.compile(r"@attr \{[^}]*\} ([\w-]+)")
_ANNOUNCED = re.compile(r'(if \(!?)?this\.announce\("([\w-]+)"')
_ROW = re.compile(r"^\| (`gw-[^|]*) \|([^|]*)\|([^|]*)\|$", re.MULTILINE)


def registered() -> Mapping[str, str]:
    """Return the file of each element of the kit."""
    return dict(_REGISTERED.findall((ELEMENTS / "registry.js").read_text()))


def rows() -> Mapping[str, tuple[str, str]]:
    """Return what the page says of each element: attributes, and events."""
    found = {}
    for names, attributes, events in _ROW.findall(PAGE.read_text(encoding="utf-8")):
        for name in re.findall(r"`([\w-]+)`", names):
            found[name] = (attributes, events)
    return found


@pytest.mark.parametrize("name", registered())
def test_an_element_is_as_the_page_says(name: str) -> None:
    text = (ELEMENTS / registered()[name]).read_text(encoding="utf-8")
    comments = [one for one in _COMMENT.findall(text) if f"`<{name}>`" in one]
    attributes, events = rows()[name]
    assert set(re.findall(r"`([\w-]+)`", attributes)) >= set(
        _ATTRIBUTE.findall(comments[0])
    )
    said = re.findall(r"`gw-([\w-]+)`(\\\*)?", events)
    announced = [(event, bool(asks)) for asks, event in _ANNOUNCED.findall(text)]
    assert {(event, bool(star)) for event, star in said} == set(announced)
