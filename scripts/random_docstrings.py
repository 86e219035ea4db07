"""Prints docstrings drawn at random, to be read as a stranger would read them.

It prints ``--count`` docstrings (40) from the folders in the arguments (``src``), each
with its place and name. The same ``--seed`` (1) draws the same docstrings as long as
the source does not change.
"""

import argparse
import ast
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Docstring:
    """The docstring of a module, class or function."""

    place: str
    """File and line, as editors accept them."""
    name: str
    """Name of the module, class or function."""
    text: str
    """The docstring without its indentation."""


def docstrings_of(path: Path) -> Iterator[Docstring]:
    """Yield the docstrings of a file's module, classes and functions."""
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            line = 1 if isinstance(node, ast.Module) else node.lineno
            name = path.stem if isinstance(node, ast.Module) else node.name
            yield Docstring(f"{shown}:{line}", name, text)


def main() -> int:
    """Print a sample of docstrings as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "src"])
    asked = parser.parse_args()
    found = [
        docstring
        for folder in asked.folders
        for path in sorted(folder.resolve().rglob("*.py"))
        for docstring in docstrings_of(path)
    ]
    chosen = random.Random(asked.seed).sample(found, min(asked.count, len(found)))
    for docstring in chosen:
        print(f"{docstring.place}: {docstring.name}\n{docstring.text}\n")
    print(f"{len(chosen)} of {len(found)} docstrings, seed {asked.seed}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
