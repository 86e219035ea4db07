#!/bin/sh
# Writes requirements/*.txt: every dependency with its hashes and no address. What is
# locked stays at its version, unless the argument --upgrade says otherwise.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header pyproject.toml "$@"
}
compile "$@" -o requirements/all.txt \
  --group lint --group test --group docs --group build --group lock
# What runs the gateway; that and what builds it; that and what an extra has.
compile "$@" -o requirements/run.txt --constraint requirements/all.txt
compile "$@" -o requirements/build.txt --constraint requirements/all.txt --group build
compile "$@" -o requirements/parquet.txt --constraint requirements/all.txt \
  --extra parquet
