#!/bin/sh
# The tests of faults at their full size: the same tests as in "make test", with more
# jobs and rounds. As root; it takes hours. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
export PYTHONPATH=src
export GATEWRIGHT_SOAK_ROUNDS=${GATEWRIGHT_SOAK_ROUNDS:-20}
export GATEWRIGHT_SOAK_JOBS=${GATEWRIGHT_SOAK_JOBS:-500}
export GATEWRIGHT_REQUIRE_ALL=1
exec "$BIN/python" -m pytest tests/cluster/test_kills.py --numprocesses 0 --timeout 43200 "$@"
