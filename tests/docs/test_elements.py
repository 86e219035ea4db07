"""The reference of the kit's elements says what the elements' own code says."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ELEMENTS = ROOT / "src" / "gatewright" / "kit" / "elements"
REFERENCE = ROOT / "docs" / "reference" / "elements.md"
TABLE = ROOT / "docs" / "how-to" / "pages.md"

_REGISTERED = re.compile(r'"(gw-[\w-]+)": async .*import\("\./([\w-]+\.js)"\)\)\.(\w+)')
_SECTION = re.compile(r"^## `([\w-]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_TABLE = r"^\| {} \|.*\n\|[-|]+\n((?:\|.*\n)+)"
_ANNOUNCED = re.compile(r'(if \(!?)?this\.announce\("([\w-]+)"')
_CHANGES = re.compile(r'this\._change\("(\w+)", [^,]+(?:,[^,]+)*?, \(\) =>')
_SIBLING = re.compile(r'^import \{ \w+ \} from "\./([\w-]+-maker\.js)"', re.MULTILINE)
_SLOT = re.compile(r'<slot name="([\w-]+)"')
_PART = re.compile(r'\b(?:export)?parts?="([\w-]+)"')
_SHARED = {"empty", "error", "loading", "code", "denied"}


def registered() -> Mapping[str, tuple[str, str]]:
    """Return the file and the class of each element of the kit."""
    text = (ELEMENTS / "registry.js").read_text(encoding="utf-8")
    return {name: (file, kind) for name, file, kind in _REGISTERED.findall(text)}


def section(name: str) -> str:
    """Return what the reference says of an element."""
    sections: dict[str, str] = dict(_SECTION.findall(REFERENCE.read_text("utf-8")))
    return sections[name]


def told(name: str, kind: str) -> dict[str, str]:
    """Return the rows of one of an element's tables by what they are of."""
    found = re.search(_TABLE.format(kind), section(name), re.MULTILINE)
    rows = found[1].splitlines() if found else []
    return {re.findall(r"`([\w-]+)`", row)[0]: row for row in rows}


def source(name: str) -> str:
    """Return the text of an element's class, and of the class of its own it extends."""
    file, kind = registered()[name]
    text = (ELEMENTS / file).read_text(encoding="utf-8")
    for sibling in _SIBLING.findall(text):
        text += (ELEMENTS / sibling).read_text(encoding="utf-8")
    found = re.search(rf"class {kind} extends (\w+) .*?\n}}\n", text, re.DOTALL)
    assert found is not None
    above = re.search(rf"class {found[1]} .*?\n}}\n", text, re.DOTALL)
    return found[0] + (above[0] if above else "")


def test_every_element_has_a_section_and_is_named_where_pages_are_built() -> None:
    sections = dict(_SECTION.findall(REFERENCE.read_text(encoding="utf-8")))
    assert set(sections) == {*registered(), "data-gw-store", "data-gw-scope"}
    named = set(re.findall(r"`(gw-[\w-]+)`", TABLE.read_text(encoding="utf-8")))
    assert set(registered()) <= named


@pytest.mark.parametrize("name", registered())
def test_the_events_of_an_element_are_those_that_it_sends(name: str) -> None:
    text = source(name)
    sent = {(event, bool(asks)) for asks, event in _ANNOUNCED.findall(text)}
    sent |= {(event, True) for event in _CHANGES.findall(text) if "gw-files" in name}
    sent |= {(one, False) for one in re.findall(r'CustomEvent\("gw-([\w-]+)"', text)}
    rows = told(name, "event")
    said = {
        (event.removeprefix("gw-"), "(cancelable)" in rows[event]) for event in rows
    }
    assert said == sent


@pytest.mark.parametrize("name", registered())
def test_the_slots_and_parts_of_an_element_are_those_that_it_has(name: str) -> None:
    text = source(name)
    assert set(told(name, "slot")) - _SHARED == set(_SLOT.findall(text)) - _SHARED
    parts = set(_PART.findall(text))
    parts |= {"state"} if "stateWord(" in text else set()
    assert set(told(name, "part")) - _SHARED == parts - _SHARED
    for kind in ("attribute", "property", "event", "slot", "part"):
        for row in told(name, kind).values():
            assert not row.endswith("|  |"), row


@pytest.mark.parametrize("name", registered())
def test_the_reference_names_the_scope_of_an_element(name: str) -> None:
    for scope in re.findall(r'static scope = "([\w:]+)"', source(name)):
        assert f"Needs the scope `{scope}`" in section(name)
