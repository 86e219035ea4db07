"""The daily check: lint, types, import contracts, and tests that a change can affect.

Changes are the differences from the branch ``main`` (``--since`` names another), files
that are not committed included. Tests are found by imports, the nearest first: the
tests of the changed modules' folders, then tests that import these modules, then tests
that import modules which import them, and so on. As many are run as fit into the time,
according to the durations that ``make test`` recorded; the first line of the output
says how many. Tests with a browser, a cluster or Unix accounts of their own are left to
``make test``.
"""

import argparse
import ast
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parents[1]
RECORDS = tuple(
    ROOT / "build" / name
    for name in ("tests.xml", "tests-programs.xml", "tests-cluster.xml")
)
"""Records of the steps of ``make test``: JUnit XML, with the time of each test."""
SECONDS = 200.0
"""Most seconds of tests that are run; on two cores they take half as long."""
UNRECORDED = 5.0
"""Assumed seconds of a test file that was never recorded."""
APART = (
    "tests/broker/",
    "tests/browser/",
    "tests/cluster/",
    "tests/docs/test_blocks.py",
)
"""Tests that are left to ``make test``: they need a browser, a cluster or accounts."""


def main() -> int:
    """Run the checks and the chosen tests; return 1 if any fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--since", default="main", help="a branch or commit")
    parser.add_argument("--list", action="store_true", help="only list the tests")
    asked = parser.parse_args()
    changed = changed_files(asked.since)
    near = [
        (distance, path)
        for distance, path in reached(ROOT, changed)
        if not path.startswith(APART)
    ]
    chosen = within(SECONDS, near, recorded(*RECORDS))
    print(
        f"{len(changed)} files differ from {asked.since}; {len(chosen)} of the "
        f"{len(near)} files of tests that this can reach are run.",
        flush=True,
    )
    if asked.list:
        print(*chosen, sep="\n")
        return 0
    failed = subprocess.run(
        [ROOT / "scripts" / "lint.sh", "--quick"], check=False
    ).returncode
    if chosen:
        options = ["-q", "--numprocesses", "2", "--dist", "loadgroup", "--quick"]
        environment = os.environ | {"PYTHONPATH": "src"}
        command = [sys.executable, "-m", "pytest", *options, *chosen]
        failed |= subprocess.run(
            command, cwd=ROOT, env=environment, check=False
        ).returncode
    return int(bool(failed))


def changed_files(since: str) -> list[str]:
    """Return the paths that differ from the commit where this branch left ``since``."""
    base = git("merge-base", "HEAD", since)[0]
    differing = git("diff", "--name-only", base)
    return sorted({*differing, *git("ls-files", "--others", "--exclude-standard")})


def git(*arguments: str) -> list[str]:
    """Return the lines that a git command prints."""
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"“{' '.join(command)}” failed: name another branch with --since.")
    return done.stdout.splitlines()


def reached(root: Path, changed: Iterable[str]) -> list[tuple[int, str]]:
    """Return the test files that a change of files can affect, the nearest first.

    Parameters
    ----------
    root
        Folder of the repository.
    changed
        Paths of the changed files, relative to ``root``.

    Returns
    -------
    list
        Pairs of the number of imports in between and the path of the test file.
    """
    tree = Tree.read(root)
    distances: dict[str, int] = {}
    front = {path for path in changed if path in tree.importers or path in tree.texts}
    for path in changed:
        front |= set(tree.beside(path))
    step = 0
    while front:
        distances |= dict.fromkeys(front, step)
        front = {
            importer for path in front for importer in tree.importers[path]
        } - distances.keys()
        step += 1
    return sorted(
        (distance, path)
        for path, distance in distances.items()
        if path.startswith("tests/") and Path(path).name.startswith("test_")
    )


@dataclass(frozen=True, slots=True)
class Tree:
    """The Python files of a repository, and which of them import which."""

    texts: Mapping[str, str]
    """Content of each file, by path."""
    importers: Mapping[str, set[str]]
    """Paths of the files that import each file, imports in functions included."""

    @classmethod
    def read(cls, root: Path) -> "Tree":
        """Read all files of ``src``, ``tests``, ``bench`` and ``scripts``."""
        texts = {
            path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for folder in ("src", "tests", "bench", "scripts")
            for path in (root / folder).rglob("*.py")
        }
        places = {module_name(path): path for path in texts}
        importers: dict[str, set[str]] = defaultdict(set)
        for path, text in texts.items():
            for name in imported_names(text):
                if name in places and places[name] != path:
                    importers[places[name]].add(path)
        return cls(texts, importers)

    def beside(self, path: str) -> Iterator[str]:
        """Yield the tests that concern a file without importing it.

        They are in the folder of ``tests`` that mirrors the file's folder, or below a
        conftest that changed, or contain the file's name, as the tests of scripts do.
        """
        above = Path(path).parent
        floor_and_room = above.parts[2:4] if path.startswith("src/gatewright/") else ()
        rooms = [
            "/".join(["tests", *floor_and_room[:depth], ""])
            for depth in range(len(floor_and_room), 0, -1)
        ]
        room = next((room for room in rooms if self._has_tests_in(room)), None)
        named = None if path.startswith(("src/", "tests/")) else Path(path).name
        for other, text in self.texts.items():
            if not other.startswith("tests/"):
                continue
            if (
                (room is not None and other.startswith(room))
                or (path.endswith("conftest.py") and Path(other).is_relative_to(above))
                or (named is not None and named in text)
            ):
                yield other

    def _has_tests_in(self, folder: str) -> bool:
        return any(path.startswith(folder) for path in self.texts)


def module_name(path: str) -> str:
    """Return the name under which a file is imported."""
    parts = list(Path(path.removeprefix("src/")).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(text: str) -> Iterator[str]:
    """Yield the names of modules that a file may import, and of their members."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def recorded(*paths: Path) -> dict[str, float]:
    """Return the seconds of each test file in the JUnit records that exist."""
    seconds: dict[str, float] = defaultdict(float)
    for path in filter(Path.exists, paths):
        for case in ET.parse(path).getroot().iter("testcase"):
            parts = case.get("classname", "").split(".")
            while len(parts) > 1 and not parts[-1].startswith("test_"):
                parts.pop()  # a class in the file
            seconds["/".join(parts) + ".py"] += float(case.get("time", "0"))
    return seconds


def within(
    seconds: float, near: Iterable[tuple[int, str]], taken: Mapping[str, float]
) -> list[str]:
    """Return the test files that fit into ``seconds``, nearest and quickest first."""
    chosen = []
    left = seconds
    for _, cost, path in sorted(
        (distance, taken.get(path, UNRECORDED), path) for distance, path in near
    ):
        if cost <= left:
            chosen.append(path)
            left -= cost
    return chosen


if __name__ == "__main__":
    sys.exit(main())
