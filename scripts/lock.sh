#!/bin/sh
# Writes requirements/*.txt: every dependency with its hashes and no address.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header --constraint requirements/all.txt \
    pyproject.toml "$@"
}
: > requirements/all.txt
compile --group lint --group test --group docs --group build --group lock -o requirements/all.txt
compile -o requirements/run.txt
compile --group build -o requirements/build.txt
