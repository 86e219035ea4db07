"""Generated pages are up to date, and every page that is linked is there."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

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


@pytest.mark.parametrize("name", ["configuration.md", "commands.md"])
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    pages = {path.name: text for path, text in script().pages().items()}
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert pages[name] == written, f"run {sys.executable} scripts/write_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [
        link for link in _LINK.findall(text) if not (page.parent / link).exists()
    ]
    assert missing == []


def test_every_decision_is_in_the_navigation() -> None:
    index = (ROOT / "docs/explanation/decisions/index.md").read_text(encoding="utf-8")
    pages = sorted((ROOT / "docs/explanation/decisions").glob("[0-9]*.md"))
    assert [page.name for page in pages if page.name not in index] == []
