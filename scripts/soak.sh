#!/bin/sh
# The tests of faults at their full size: the same tests as in "make test", with more
# jobs, uploads and rounds. As root; it takes an hour or two. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
export PYTHONPATH=src
# 20 kills of each part, during 500 submissions in all.
export GATEWRIGHT_SOAK_ROUNDS=${GATEWRIGHT_SOAK_ROUNDS:-20}
export GATEWRIGHT_SOAK_JOBS=${GATEWRIGHT_SOAK_JOBS:-25}
# 50 kills, each during 20 uploads of 64 MiB.
export GATEWRIGHT_SOAK_UPLOAD_ROUNDS=${GATEWRIGHT_SOAK_UPLOAD_ROUNDS:-50}
export GATEWRIGHT_SOAK_UPLOADS=${GATEWRIGHT_SOAK_UPLOADS:-20}
export GATEWRIGHT_SOAK_UPLOAD_BYTES=${GATEWRIGHT_SOAK_UPLOAD_BYTES:-67108864}
# A controller that forgets 100 acknowledged jobs three times, and one that is away for a
# minute with 1,000 jobs in the queue.
export GATEWRIGHT_SOAK_FORGETTING_ROUNDS=${GATEWRIGHT_SOAK_FORGETTING_ROUNDS:-3}
export GATEWRIGHT_SOAK_FORGOTTEN_JOBS=${GATEWRIGHT_SOAK_FORGOTTEN_JOBS:-100}
export GATEWRIGHT_SOAK_QUEUED=${GATEWRIGHT_SOAK_QUEUED:-1000}
export GATEWRIGHT_SOAK_AWAY_SECONDS=${GATEWRIGHT_SOAK_AWAY_SECONDS:-60}
export GATEWRIGHT_SOAK_MESSAGES=${GATEWRIGHT_SOAK_MESSAGES:-100000}
export GATEWRIGHT_SOAK_RACES=${GATEWRIGHT_SOAK_RACES:-40000}
export GATEWRIGHT_REQUIRE_ALL=1
exec "$BIN/python" -m pytest tests/conformance/test_killed_uploads.py \
  tests/cluster/test_kills.py tests/cluster/test_broker_kills.py \
  tests/cluster/test_controller.py tests/broker/test_broker.py \
  tests/backends/worker/test_trees.py \
  --numprocesses 0 --timeout 43200 "$@"
