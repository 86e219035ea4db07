"""Generated pages are up to date, and every page that is linked is there."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gatewright.core import errors

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def script() -> ModuleType:
    path = ROOT / "scripts" / "write_reference.py"
    spec = importlib.util.spec_from_file_location("write_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "configuration.md", "commands.md", "errors.md", "client.md", "elements.md",
        "index.md",
    ],
)  # fmt: skip
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    (path,) = [path for path in script().pages() if path.name == name]
    written = path.read_text(encoding="utf-8")
    command = f"{sys.executable} scripts/write_reference.py"
    assert script().pages()[path] == written, f"run {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [
        link for link in _LINK.findall(text) if not (page.parent / link).exists()
    ]
    assert missing == []


def test_every_error_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    kinds = [one for one in classes if issubclass(one, errors.GatewayError)]
    assert len(kinds) > 20
    for kind in kinds:
        assert f"| {kind.status} | `{kind.code}` |" in page


def test_the_paragraphs_of_the_configuration_are_no_blocks_of_code() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("    ")] == []
