#!/bin/sh
# Installs the Debian packages that tests and benches use, where it may; otherwise says
# which are missing, and the tests that need them are skipped by name.
set -eu
cd "$(dirname "$0")/.."
look() {
  missing=""
  for package in $(cat requirements/debian.txt); do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
  done
}
look
[ -n "$missing" ] || exit 0
as_root=""
if [ "$(id -u)" != 0 ]; then
  if sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root=no; fi
fi
if [ "$as_root" = no ] || ! command -v apt-get >/dev/null; then
  echo "Not installed, and this account may not:$missing"
  exit 0
fi
echo "Installing Debian packages:$missing"
# A daemon that a package brings must not be started by it: tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod +x "$policy"
  trap '$as_root rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086  # one word for each package
$as_root apt-get install -q -y --no-install-recommends $missing |
  awk 'systime() - said >= 4 { said = systime(); print "  " substr($0, 1, 70); fflush() }'
look
[ -z "$missing" ] || { echo "These could not be installed:$missing"; exit 1; }
