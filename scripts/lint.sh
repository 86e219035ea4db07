#!/bin/sh
# Style, types, floors, and the documentation; all of them are run. With --quick, the
# documentation is left out.
set -u
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
export PYTHONPATH=src
failed=0
check() {
  echo "== $*"
  "$@" || failed=1
}
check "$BIN/ruff" format --check --quiet .
check "$BIN/ruff" check --quiet .
check "$BIN/python" -m mypy
check "$BIN/lint-imports" --no-logo
check "$BIN/python" scripts/small_helpers.py --at-most 11.8 --public-at-most 1.7
check "$BIN/python" scripts/long_files.py --at-most 400
[ "${1:-}" = --quick ] || check "$BIN/python" -m mkdocs build --strict --quiet
exit "$failed"
