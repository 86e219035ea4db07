#!/bin/sh
# The tests of faults at their full size: the same tests as in "make test", with more
# jobs, uploads and rounds. As root; it takes hours. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
export PYTHONPATH=src
export GATEWRIGHT_SOAK_ROUNDS=${GATEWRIGHT_SOAK_ROUNDS:-20}
export GATEWRIGHT_SOAK_JOBS=${GATEWRIGHT_SOAK_JOBS:-500}
export GATEWRIGHT_SOAK_UPLOADS=${GATEWRIGHT_SOAK_UPLOADS:-20}
export GATEWRIGHT_SOAK_UPLOAD_BYTES=${GATEWRIGHT_SOAK_UPLOAD_BYTES:-67108864}
export GATEWRIGHT_REQUIRE_ALL=1
exec "$BIN/python" -m pytest tests/conformance/test_killed_uploads.py \
  tests/cluster/test_kills.py tests/cluster/test_broker_kills.py \
  --numprocesses 0 --timeout 43200 "$@"
