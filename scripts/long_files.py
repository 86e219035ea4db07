"""Lists code files with too many lines.

It looks at programs, pages and styles in ``src``, ``tests``, ``scripts`` and ``bench``,
or in the folders in the arguments, except at third-party code in ``vendor``. It prints
each file with more than ``--at-most LINES`` lines, and exits with status 1 if there is
one.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = [ROOT / name for name in ("src", "tests", "scripts", "bench")]
ENDINGS = {".py", ".js", ".mjs", ".css", ".html", ".sh"}


def main() -> int:
    """List the files above the limit; return 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-most", type=int, default=400, metavar="LINES")
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS)
    asked = parser.parse_args()
    files = [
        path
        for folder in asked.folders
        for path in sorted(folder.resolve().rglob("*"))
        if path.suffix in ENDINGS and "vendor" not in path.parts
    ]
    lengths = {path: path.read_bytes().count(b"\n") for path in files}
    long = {path: lines for path, lines in lengths.items() if lines > asked.at_most}
    for path, lines in long.items():
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        print(f"{shown} has {lines} lines: split it by what it does.")
    print(
        f"{len(long)} of {len(files)} files have more than {asked.at_most} lines; "
        f"the longest has {max(lengths.values(), default=0)}."
    )
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
