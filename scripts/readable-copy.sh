#!/bin/bash
# Copies the gateway to where other Unix accounts can run it, for the test beds.
#
#   scripts/readable-copy.sh DIR
#
# Run by root. It makes DIR/source, a copy of src, and DIR/packages, the packages of
# .venv, all owned by root, and prints both as a PYTHONPATH. A checkout is often in a
# home that other accounts cannot enter, or is owned by somebody whom the broker, which
# runs as root, does not trust.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(readlink -m "${1:?use: readable-copy.sh DIR}")
umask 022
mkdir -p "$dir/source"
cp -R --preserve=mode,timestamps "$root/src/gatewright" "$dir/source/"
chmod -R go-w,a+rX "$dir/source"
packages=$("${PYTHON:-$root/.venv/bin/python}" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
if setpriv --reuid nobody --regid nogroup --clear-groups test -x "$packages"; then
  ln -s "$packages" "$dir/packages"
else
  # Hard links cost no room; another disk takes a copy.
  cp -RPl "$packages" "$dir/packages" 2>/dev/null || {
    rm -rf "$dir/packages"
    cp -RP "$packages" "$dir/packages"
  }
fi
echo "$dir/source:$dir/packages"
