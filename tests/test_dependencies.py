"""What the gateway depends on at run time is what its source imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ON_BEHALF = {"httptools"}
"""What uvicorn's protocol, from which ours is derived, imports and does not require."""
BROUGHT_BY = {"pydantic-core": "pydantic"}
"""What a dependency re-exports and always brings at the version it needs."""
OF_OTHERS_TESTS = "testing"
"""Contracts for outside packages, which run where pytest is."""


def declared() -> set[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    every = [*project["dependencies"], *extras]
    return {normal(re.split(r"[^\w.-]", one)[0]) for one in every}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    """Return the modules that are imported anywhere, those of functions included."""
    source = ROOT / "src" / "gatewright"
    found = set()
    for path in source.rglob("*.py"):
        if path.relative_to(source).parts[0] == OF_OTHERS_TESTS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found - sys.stdlib_module_names - {"gatewright"}


def test_each_dependency_is_imported_and_each_import_declared() -> None:
    owners = packages_distributions()
    used = {normal(owners[module][0]) for module in imported()}
    used = {BROUGHT_BY.get(name, name) for name in used}
    assert used | ON_BEHALF == declared()
