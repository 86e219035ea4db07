"""Counts functions that are used in a single place of a single file.

Such a function is a place where a reader has to jump. Some of them are worth it; with
too many, code does not read downwards. Two kinds are counted:

private
    Its name begins with an underscore (special methods such as ``__init__`` are not
    counted), and its file names it only once beside its definition.
public
    A function of a module that all files together name only once beside its definition,
    in its own file. It is part of no interface: not decorated (as route handlers and
    fixtures are), not imported by another module, not in ``__all__``, not an entry
    point of ``pyproject.toml``, and not named as code in ``docs``.

Prints the share of each kind among all functions in ``src``, with and without
``gatewright.testing``, whose contract tests are methods that nobody calls, and the
median number of lines of all functions; with ``--list`` each such function. The exit
status is 1 if, without ``testing``, the share of the private ones is larger than
``--at-most PERCENT``, or that of the public ones than ``--public-at-most PERCENT``.
"""

import argparse
import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
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
    kind: str
    """``private`` or ``public`` if it is used in a single place, otherwise empty."""
    testing: bool
    """Whether it stands in a folder ``testing``."""


def functions_of(paths: Sequence[Path]) -> Iterator[Counted]:
    """Yield the functions and methods of files."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    uses = {path: Counter(used_names(tree)) for path, tree in trees.items()}
    all_uses = sum(uses.values(), Counter[str]())
    interface = set(documented())
    for tree in trees.values():
        interface |= set(imported_or_exported(tree))
    for path, tree in trees.items():
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        for node in ast.walk(tree):
            if not isinstance(node, Function):
                continue
            kind = ""
            if node.name.startswith("_"):
                if not node.name.startswith("__") and uses[path][node.name] == 1:
                    kind = "private"
            elif (
                node in tree.body
                and not node.decorator_list
                and node.name not in interface
                and uses[path][node.name] == all_uses[node.name] == 1
            ):
                kind = "public"
            yield Counted(
                f"{shown}:{node.lineno}",
                node.name,
                (node.end_lineno or node.lineno) - node.lineno + 1,
                kind,
                "testing" in path.parts,
            )


def used_names(tree: ast.AST) -> Iterator[str]:
    """Yield each name that is used, alone or after a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def imported_or_exported(tree: ast.Module) -> Iterator[str]:
    """Yield each name that a module imports, or lists in ``__all__``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__"
            for target in node.targets
        ):
            yield from (
                part.value
                for part in ast.walk(node.value)
                if isinstance(part, ast.Constant)
            )


def documented() -> Iterator[str]:
    """Yield each word of code in the documentation, and of the entry points."""
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL):
            yield from re.findall(r"\w+", code)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    yield from re.findall(r':(\w+)"', project)


def shares_of(functions: Sequence[Counted]) -> dict[str, float]:
    """Return the percentage of each kind among some functions."""
    counted = Counter(function.kind for function in functions)
    return {k: 100 * counted[k] / len(functions) for k in ("private", "public")}


def words_of(functions: Sequence[Counted]) -> str:
    """Return how many of some functions are used in a single place, in words."""
    counted = Counter(function.kind for function in functions)
    kinds = [
        f"{counted[kind]} {kind} ({share:.1f} %)"
        for kind, share in shares_of(functions).items()
    ]
    return f"{' and '.join(kinds)} of {len(functions)} are used in a single place"


def main() -> int:
    """Print the numbers; return 1 if the share is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="list these functions")
    for option in ("--at-most", "--public-at-most"):
        parser.add_argument(option, type=float, default=100.0, metavar="PERCENT")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "src"])
    asked = parser.parse_args()
    found = list(
        functions_of(
            [
                path
                for folder in asked.folders
                for path in sorted(folder.resolve().rglob("*.py"))
            ]
        )
    )
    if asked.list:
        for function in found:
            if function.kind:
                print(
                    f"{function.place}: {function.name} "
                    f"({function.kind}, {function.lines} lines)"
                )
    median = statistics.median(function.lines for function in found)
    print(f"{words_of(found)}; the median function has {median:g} lines.")
    without = [function for function in found if not function.testing] or found
    if len(without) < len(found):
        print(f"Without testing, {words_of(without)}.")
    status = 0
    limits = {"private": asked.at_most, "public": asked.public_at_most}
    for kind, share in shares_of(without).items():
        if share > limits[kind]:
            print(
                f"At most {limits[kind]:g} % may be {kind} ones: fold those that name "
                "no idea."
            )
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
