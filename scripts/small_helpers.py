"""Counts private functions that are named only once in their file.

A function whose name begins with an underscore (special methods such as ``__init__``
are not counted), and that its file names only once beside its definition, is a place
where a reader has to jump. Some of them are worth it; with too many, code does not read
downwards.

Prints the share of such functions among all functions in ``src``, the median number of
lines of all functions, and with ``--list`` each such function. With ``--at-most
PERCENT`` the exit status is 1 if the share is larger.
"""

import argparse
import ast
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Counted:
    """A function of a file."""

    place: str
    """File and line, as editors accept them."""
    name: str
    """Name of the function."""
    lines: int
    """Number of lines, with the docstring but without decorators."""
    private_used_once: bool
    """Whether it is private and its file names it only once beside its definition."""


def functions_of(path: Path) -> list[Counted]:
    """Return the functions and methods of a file."""
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    tree = ast.parse(path.read_text(encoding="utf-8"))
    uses = Counter(used_names(tree))
    return [
        Counted(
            f"{shown}:{node.lineno}",
            node.name,
            (node.end_lineno or node.lineno) - node.lineno + 1,
            is_private(node.name) and uses[node.name] == 1,
        )
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]


def is_private(name: str) -> bool:
    """Return whether a name is private and not a special method's."""
    return name.startswith("_") and not name.startswith("__")


def used_names(tree: ast.AST) -> Iterator[str]:
    """Yield each name that is used, alone or after a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def main() -> int:
    """Print the numbers; return 1 if the share is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="list these functions")
    parser.add_argument("--at-most", type=float, default=100.0, metavar="PERCENT")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "src"])
    asked = parser.parse_args()
    found = [
        function
        for folder in asked.folders
        for path in sorted(folder.resolve().rglob("*.py"))
        for function in functions_of(path)
    ]
    once = [function for function in found if function.private_used_once]
    if asked.list:
        for function in once:
            print(f"{function.place}: {function.name} ({function.lines} lines)")
    share = 100 * len(once) / len(found)
    median = statistics.median(function.lines for function in found)
    print(
        f"{len(once)} of {len(found)} functions ({share:.1f} %) are private and named "
        f"once in their file; the median function has {median:g} lines."
    )
    if share > asked.at_most:
        print(f"At most {asked.at_most:g} % may be: fold those that name no idea.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
