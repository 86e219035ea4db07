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
for group in run build; do
  compile "$@" -o "requirements/$group.txt" --constraint requirements/all.txt \
    $([ "$group" = run ] || echo --group "$group")
done
