#!/bin/bash
# Tries the README's two commands on a bare Debian, made by debootstrap for this run.
#
#   scripts/bare-machine.sh [--suite NAME] [--python FILE] [--demo-only]
#                           [--test "ARGUMENTS"] [--keep] [FOLDER]
#
# Needs root, debootstrap and about 4 GB in FOLDER (a new one in /tmp by default), where
# the system is made. In it are a fresh clone of this repository's HEAD, once for an
# ordinary user, who runs "make demo", and once for root, who runs "make test"; each has
# ../shared beside it where this clone has one. Every line of a command is printed with
# the seconds since its beginning, and the closing lines once more at the end.
#
#   --suite NAME      release of Debian: bookworm (default, Python 3.11), trixie (3.13)
#   --python FILE     a Python of this machine, copied into the system and given to make
#   --demo-only       leave out "make test"
#   --test "ARGS"     run a part: make test ARGS="ARGS"
#   --keep            leave the system in FOLDER
#
# How this machine reaches its registries (apt's settings and mirror, pip's and npm's
# settings, a proxy's certificate) is read from it and holds in the new system too.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm python="" test_args="" test=yes keep="" folder=""
while [ $# -gt 0 ]; do
  case $1 in
    --suite) suite=$2; shift 2 ;;
    --python) python=$2; shift 2 ;;
    --demo-only) test=""; shift ;;
    --test) test_args=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    -*) echo "Unknown option: $1" >&2; exit 2 ;;
    *) folder=$1; shift ;;
  esac
done
[ "$(id -u)" = 0 ] || { echo "It needs root, for debootstrap and chroot." >&2; exit 1; }
command -v debootstrap >/dev/null ||
  { echo "It needs debootstrap: apt install debootstrap." >&2; exit 1; }

# Mounts and processes live in a space of their own and are gone with it, so that nothing
# of this machine is left in the folder when the folder is removed.
if [ -z "${BARE_MACHINE_INSIDE:-}" ]; then
  folder=${folder:-$(mktemp -d /tmp/bare-machine.XXXXXX)}
  [ ! -e "$folder/system" ] || { echo "$folder/system is there already." >&2; exit 1; }
  mkdir -p "$folder"
  status=0
  BARE_MACHINE_INSIDE=$folder unshare --mount --propagation private --pid --fork \
    --kill-child "$0" --suite "$suite" --python "$python" --test "$test_args" \
    ${test:---demo-only} "$folder" || status=$?
  [ -n "$keep" ] || rm -rf "$folder"
  exit "$status"
fi

root=$folder/system
say() { echo "== $*"; }

# Variables for the commands in the system: how this machine reaches the registries, and
# CI, with which the tests have the order that they have in a check of a submission.
settings=()
keep_variable() { [ -z "${!1:-}" ] || settings+=("$1=${!1}"); }
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY \
  PIP_INDEX_URL PIP_PROXY PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT \
  npm_config_registry npm_config_proxy npm_config_https_proxy CI; do
  keep_variable "$name"
done
from_pip() { python3 -m pip config get "global.$1" 2>/dev/null || true; }
from_npm() { npm config get "$1" 2>/dev/null | grep -v -e '^null$' -e '^undefined$' || true; }
add() { [ -z "$2" ] || settings+=("$1=$2"); }
[ -n "${PIP_INDEX_URL:-}" ] || add PIP_INDEX_URL "$(from_pip index-url)"
[ -n "${PIP_PROXY:-}" ] || add PIP_PROXY "$(from_pip proxy)"
[ -n "${PIP_TRUSTED_HOST:-}" ] || add PIP_TRUSTED_HOST "$(from_pip trusted-host)"
[ -n "${npm_config_registry:-}" ] || add npm_config_registry "$(from_npm registry)"
[ -n "${npm_config_https_proxy:-}" ] || add npm_config_https_proxy "$(from_npm https-proxy)"
certificate=${PIP_CERT:-${NODE_EXTRA_CA_CERTS:-${SSL_CERT_FILE:-}}}
certificate=${certificate:-$(from_pip cert)}
certificate=${certificate:-$(from_npm cafile)}

say "Debian $suite by debootstrap"
mirror=$(apt-get indextargets --format '$(REPO_URI)' \
  'Origin: Debian' 'Component: main' 2>/dev/null | head -n 1 || true)
debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} |
  grep -E '^(W|E):|successfully' || true
[ -x "$root/usr/bin/apt-get" ] || { echo "debootstrap made no system." >&2; exit 1; }
apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-)' \
  > "$root/etc/apt/apt.conf.d/90of-this-machine" || true
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Debian's installer writes these two names; debootstrap does not.
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$(hostname -s)" > "$root/etc/hosts"
if [ -n "$certificate" ]; then
  cp "$certificate" "$root/etc/certificates-of-this-machine.pem"
  for name in PIP_CERT REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS SSL_CERT_FILE; do
    settings+=("$name=/etc/certificates-of-this-machine.pem")
  done
fi
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"

# inside USER HOME COMMAND...: run it there with the settings and nothing else of ours.
inside() {
  local user=$1 home=$2
  shift 2
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
    HOME="$home" "${settings[@]}" chroot --userspec="$user" "$root" "$@"
}

packages=$(sed -n 's/^sudo apt install //p' "$here/README.md" | head -n 1)
say "apt install $packages"
as_root="inside root:root /root"
$as_root apt-get update -qq
# shellcheck disable=SC2086  # one word for each package
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1
$as_root useradd --create-home --shell /bin/bash ada

if [ -n "$python" ]; then
  prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
  name=$("$python" -c 'import os, sys; print(os.path.basename(os.path.realpath(sys.executable)))')
  say "A Python of this machine: $("$python" --version)"
  # At its own path, where it finds its libraries, and which everybody may reach.
  mkdir -p "$root$prefix"
  cp -a "$prefix/bin" "$prefix/lib" "$prefix/include" "$root$prefix/"
  for above in $(python3 -c 'import pathlib, sys; print(*pathlib.Path(sys.argv[1]).parents)' "$prefix"); do
    chmod a+x "$root$above"
  done
  # The packages that its libraries come from.
  libraries=$(find "$prefix/lib" "$prefix/bin/$name" -name '*.so' -o -name "$name" | xargs ldd 2>/dev/null |
    sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u | grep -v "^$prefix" || true)
  # shellcheck disable=SC2086,SC2046
  $as_root apt-get install -qq -y --no-install-recommends $(
    for library in $libraries; do
      dpkg -S "$library" 2>/dev/null || dpkg -S "${library#/usr}" 2>/dev/null || dpkg -S "/usr$library" 2>/dev/null
    done | sed 's/:.*//' | sort -u
  ) >/dev/null 2>&1
  python=$prefix/bin/$name
fi

# clone HOME: a fresh clone there, its owner's, with the shared folder beside it.
clone() {
  git clone --quiet "file://$here" "$root$1/gatewright"
  chown -R --reference "$root$1" "$root$1/gatewright"
  if [ -d "$here/../shared" ]; then
    mkdir -p "$root$1/shared"
    mount --bind -o ro "$(realpath "$here/../shared")" "$root$1/shared"
  fi
}

# stamped: what comes in, each line with the seconds since the beginning.
stamped() {
  local began=$SECONDS line
  while IFS= read -r line; do
    printf '%4d s  %s\n' $((SECONDS - began)) "$line"
  done
}

say "make demo, by an ordinary user"
clone /home/ada
log=$folder/demo.log
set -m
inside ada:ada /home/ada sh -c 'cd ~/gatewright && exec make ${2:+"PYTHON=$2"} demo ARGS="$1"' \
  make "--port 0" "$python" > >(stamped | tee "$log") 2>&1 &
demo=$!
set +m
while kill -0 "$demo" 2>/dev/null && ! grep -q 'Sign in at' "$log" 2>/dev/null; do sleep 0.5; done
failed=0
url=$(sed -n 's/.*Gatewright is ready at \(http[^ ]*\).*/\1/p' "$log" | head -n 1)
if [ -n "$url" ]; then
  answer=$(inside ada:ada /home/ada python3 -c "
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=60).status)" "$url/health/live")
  say "GET /health/live: $answer"
  kill -INT -- "-$demo"
else
  failed=1
fi
wait "$demo" || true
closing="make demo: $(grep -E 'ready at' "$log" || tail -n 1 "$log")"

if [ -n "$test" ]; then
  say "make test, by root"
  clone /root
  log=$folder/test.log
  inside root:root /root sh -c 'cd ~/gatewright && exec make ${2:+"PYTHON=$2"} test ARGS="$1"' \
    make "$test_args" "$python" 2>&1 | stamped | tee "$log" || failed=1
  # pytest frames its closing lines with "=", unless it is told to be quiet.
  closing="$closing
make test, step by step:
$(grep -aE '[0-9]+ (passed|failed|error).* in ' "$log" || tail -n 1 "$log")"
fi
say "Debian $(cat "$root/etc/debian_version"), $(inside ada:ada /home/ada "${python:-python3}" --version)"
echo "$closing"
exit "$failed"
