#!/bin/sh
# Runs the whole suite in three steps, prints the longest tests of each, and records all
# durations in build. Arguments go to pytest instead.
#
# Two steps run under coverage and hold the source to its floors: 95 % with branches,
# 100 % for the domains and the wire formats. The step that starts whole programs and a
# browser is not counted, so each line has to be reached by a test that is near it; and it
# is faster without the tracing.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
export PYTHONPATH=src
# Tests start some hundred processes, each of which would compile all modules anew.
unset PYTHONDONTWRITEBYTECODE
if [ $# -gt 0 ]; then
  exec "$BIN/python" -m pytest "$@"
fi
# A check of a submission has the same order each time; at a desk it is a new one.
seed=${CI:+--randomly-seed=20090401}
programs="tests/bench tests/browser tests/conformance tests/docs tests/scripts"
alone="tests/broker tests/cluster"
ignored=$(for folder in $programs $alone; do echo "--ignore $folder"; done)
"$BIN/python" -m coverage erase
# Below, no seed is no argument, and lists of folders are several.
# shellcheck disable=SC2086
{
  # The tests with a Slurm cluster, and those that make Unix accounts, have the machine
  # for themselves.
  "$BIN/python" -m coverage run -m pytest $alone --numprocesses 0 $seed \
    --durations 10 --junit-xml build/tests-cluster.xml || failed=$?
  "$BIN/python" -m pytest $programs --numprocesses 2 --dist loadgroup $seed \
    --durations 30 --junit-xml build/tests-programs.xml || failed=$?
  "$BIN/python" -m coverage run -m pytest $ignored --numprocesses 2 --dist loadgroup $seed \
    --durations 30 --junit-xml build/tests.xml || failed=$?
}
"$BIN/python" -m coverage combine --quiet
"$BIN/python" -m coverage report --fail-under 100 \
  --include 'src/gatewright/domains/**,src/gatewright/**/wire.py,src/gatewright/**/wire/**' \
  || failed=${failed:-1}
"$BIN/python" -m coverage report || failed=${failed:-1}
exit "${failed:-0}"
