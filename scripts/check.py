"""The daily check: lint, types, contracts, and the tests that a change can reach.

What changed is what differs from the branch ``main`` (``--since`` names another), files
that are not committed included. Tests are found by imports, the nearest first: those of
the changed modules' own room, then those that import them, then those that import what
imports these. As many are run as the durations that ``make test`` recorded let expect
in the time; the line at the beginning says of how many. Tests with a browser or a
database server are left to ``make test``.
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
RECORD = ROOT / "build" / "tests.xml"
"""What ``make test`` records: JUnit's form, with the seconds of each test."""
SECONDS = 200.0
"""Seconds of tests that are run, on two cores: half as many by the clock."""
UNRECORDED = 5.0
"""Seconds that a file of tests is thought to take which was never recorded."""
APART = ("tests/browser/", "tests/cluster/", "tests/docs/test_blocks.py")


def main() -> int:
    """Run the checks and the chosen tests; return 1 if any fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--since", default="main", help="a branch or commit")
    parser.add_argument("--list", action="store_true", help="name the tests only")
    asked = parser.parse_args()
    changed = changed_files(asked.since)
    near = [
        (distance, path)
        for distance, path in reached(ROOT, changed)
        if not path.startswith(APART)
    ]
    chosen = within(SECONDS, near, recorded(RECORD))
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
    """Return the paths that differ from where this branch left ``since``."""
    base = git("merge-base", "HEAD", since)[0]
    differing = git("diff", "--name-only", base)
    return sorted({*differing, *git("ls-files", "--others", "--exclude-standard")})


def git(*arguments: str) -> list[str]:
    """Return the lines that git prints."""
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"“{' '.join(command)}” failed: name another branch with --since.")
    return done.stdout.splitlines()


def reached(root: Path, changed: Iterable[str]) -> list[tuple[int, str]]:
    """Return the files of tests that a change of files reaches, the nearest first.

    Parameters
    ----------
    root
        Folder of the repository.
    changed
        Paths from there.

    Returns
    -------
    list
        How many imports lie between, and the path of the file.
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
    """The Python files of a repository, and who imports whom."""

    texts: Mapping[str, str]
    """What stands in each file."""
    importers: Mapping[str, set[str]]
    """Files that import each file, in functions too."""

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
        """Yield the tests that stand for a file without importing it.

        They are in the folder of ``tests`` that mirrors its room, below a conftest that
        changed, or name it in their text, as those of a script do.
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
    """Yield the modules that a file may import, names of their members among them."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def recorded(path: Path) -> dict[str, float]:
    """Return the seconds of each file of tests in JUnit's record, if there is one."""
    seconds: dict[str, float] = defaultdict(float)
    if path.exists():
        for case in ET.parse(path).getroot().iter("testcase"):
            file = case.get("classname", "").replace(".", "/") + ".py"
            seconds[file] += float(case.get("time", "0"))
    return seconds


def within(
    seconds: float, near: Iterable[tuple[int, str]], taken: Mapping[str, float]
) -> list[str]:
    """Return the files that fit, the nearest first and the quick ones of a distance."""
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
