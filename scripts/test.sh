#!/bin/sh
# Runs the whole suite under coverage and holds it to its floors: 95 % with branches,
# 100 % for the domains and the wire formats. It prints the thirty longest tests, and
# records all durations in build/tests.xml. Arguments go to pytest instead.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
export PYTHONPATH=src
if [ $# -gt 0 ]; then
  exec "$BIN/python" -m pytest "$@"
fi
# A check of a submission has the same order each time; at a desk it is a new one.
seed=${CI:+--randomly-seed=20090401}
"$BIN/python" -m coverage erase
# The tests with a Slurm cluster, and those that make Unix accounts, have the machine for
# themselves.
# shellcheck disable=SC2086  # no seed is no argument
"$BIN/python" -m coverage run -m pytest tests/broker tests/cluster --numprocesses 0 $seed \
  --durations 10 --junit-xml build/tests-cluster.xml || failed=$?
# shellcheck disable=SC2086  # no seed is no argument
"$BIN/python" -m coverage run -m pytest --ignore tests/broker --ignore tests/cluster \
  --numprocesses 2 --dist loadgroup $seed --durations 30 --junit-xml build/tests.xml || failed=$?
"$BIN/python" -m coverage combine --quiet
"$BIN/python" -m coverage report --fail-under 100 \
  --include 'src/gatewright/domains/**,src/gatewright/**/wire.py,src/gatewright/**/wire/**' \
  || failed=${failed:-1}
"$BIN/python" -m coverage report || failed=${failed:-1}
exit "${failed:-0}"
