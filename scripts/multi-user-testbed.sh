#!/bin/bash
# A gateway for several Unix users, on a Slurm cluster of its own, for tests and for
# trying out. It runs as root, and starts the cluster, broker, authn and gateway.
#
#   scripts/multi-user-testbed.sh start DIR USER...
#   scripts/multi-user-testbed.sh stop DIR
#
# "start" makes DIR, which is not there yet (its path is short: sockets are in it), a
# group of these users, accounts for gateway, authn and the service that reads the queue,
# and a service of PAM's, and prints "Gatewright is ready at URL". The users sign in with their own passwords. "stop" ends
# and removes what "start" began and made; the users stay. With SLURM_TESTBED=FOLDER the
# cluster is one that scripts/slurm-testbed.sh has started in that folder, and stays.
#
# All of it is run from a copy in DIR that other accounts can read, and by a Python that
# they can run: that of .venv if they can, or else /usr/bin/python3.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
seconds=${SLURM_TESTBED_SECONDS:-120}
export PATH=$PATH:/usr/sbin:/sbin

die() { echo "multi-user-testbed: $*" >&2; exit 1; }

[ $# -ge 2 ] || die "use: start DIR USER... | stop DIR"
verb=$1
dir=$(readlink -m "$2")
shift 2

# A process is known by its id and the moment it began: ids are given again.
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
  local pid start
  [ -e "$dir/$1.pid" ] || return 1
  read -r pid start <"$dir/$1.pid"
  [ "$(began "$pid")" = "$start" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -c1)" != Z ]
}

# keep NAME COMMAND...: starts a process and waits until it says that it is ready.
keep() {
  local name=$1 deadline=$((SECONDS + seconds))
  shift
  setsid "$@" </dev/null >"$dir/$name.log" 2>&1 &
  echo "$! $(began $!)" >"$dir/$name.pid"
  until grep -q "is ready at" "$dir/$name.log"; do
    alive "$name" && [ "$SECONDS" -lt "$deadline" ] ||
      { cat "$dir/$name.log" >&2; die "the $name did not start"; }
    sleep 0.1
  done
}

end() {
  local pid deadline=$((SECONDS + 90))
  alive "$1" || return 0
  read -r pid _ <"$dir/$1.pid"
  kill "$pid" 2>/dev/null || true
  while alive "$1"; do
    [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.1
  done
}

start() {
  [ "$(id -u)" = 0 ] || die "it runs as root"
  [ $# -ge 1 ] || die "name the Unix users"
  [ ! -e "$dir" ] || die "$dir is there already"
  mkdir -p "$dir" && chmod 755 "$dir"
  trap 'status=$?; trap - EXIT; [ $status = 0 ] || stop; exit $status' EXIT
  local name user python path
  name=gw$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')
  echo "$name" >"$dir/name"
  groupadd "$name-users"
  useradd --system --user-group --home-dir "$dir/state" --shell /usr/sbin/nologin "$name"
  useradd --system --user-group --home-dir "$dir/authn" --shell /usr/sbin/nologin "$name-a"
  useradd --system --user-group --home-dir / --shell /usr/sbin/nologin "$name-s"
  for user in "$@"; do usermod --append --groups "$name-users" "$user"; done
  install -d -m 700 -o "$name" -g "$name" "$dir/state"
  install -d -m 755 -o "$name-a" -g "$name-a" "$dir/authn"
  cp "$root/packaging/pam.d/gatewright" "/etc/pam.d/$name"
  if [ -n "${SLURM_TESTBED:-}" ]; then
    ln -s "$(readlink -f "$SLURM_TESTBED")" "$dir/slurm"
    for user in "$@"; do
      # It fails if the user has the account already.
      SLURM_CONF=$dir/slurm/slurm.conf sacctmgr -n -P show association \
        user="$user" account=science format=User | grep -qx "$user" ||
        SLURM_CONF=$dir/slurm/slurm.conf sacctmgr -Q -i add user "$user" Account=science
    done
  else
    "$root/scripts/slurm-testbed.sh" start "$dir/slurm" "$@"
  fi >"$dir/told"
  path=$("$root/scripts/readable-copy.sh" "$dir/program")
  python=$root/.venv/bin/python
  setpriv --reuid "$name" --regid "$name" --clear-groups env "$python" -c '' 2>/dev/null ||
    python=/usr/bin/python3
  cat >"$dir/gatewright.toml" <<CONF
[gateway]
listen = "127.0.0.1:0"
state = "state"

[identity]
mode = "multi-user"
login = ["pam"]

[broker]
socket = "broker.sock"
key = "grants.key"
gateway = "$name"
group = "$name-users"
service_account = "$name-s"
pam_service = "$name"
python = "$python"

[authn]
socket = "authn/socket"
account = "$name-a"
state = "authn/state"

[[systems]]
name = "cluster"
scheduler = "slurm"
conf = "$(readlink -f "$dir/slurm")/slurm.conf"
interval = 0.5
CONF
  keep broker env PYTHONPATH="$path" "$root/.venv/bin/python" -m gatewright broker \
    --config "$dir/gatewright.toml"
  keep authn setpriv --reuid "$name-a" --regid "$name-a" --clear-groups env -i -C / \
    PATH=/usr/local/bin:/usr/bin:/bin HOME="$dir/authn" PYTHONPATH="$path" \
    "$python" -m gatewright authn --config "$dir/gatewright.toml"
  keep gateway setpriv --reuid "$name" --regid "$name" --clear-groups env -i -C / \
    PATH=/usr/local/bin:/usr/bin:/bin HOME="$dir/state" PYTHONPATH="$path" \
    "$python" -m gatewright serve --config "$dir/gatewright.toml"
  trap - EXIT
  grep -h "is ready at" "$dir/gateway.log"
}

stop() {
  end gateway
  end authn
  end broker
  [ -L "$dir/slurm" ] || "$root/scripts/slurm-testbed.sh" stop "$dir/slurm"
  if [ -s "$dir/name" ]; then
    local name
    name=$(cat "$dir/name")
    rm -f "/etc/pam.d/$name"
    userdel "$name" >&2 || true
    userdel "$name-a" >&2 || true
    userdel "$name-s" >&2 || true
    groupdel "$name-users" >&2 || true
  fi
  rm -rf "$dir"
}

case $verb in
  start) start "$@" ;;
  stop) stop ;;
  *) die "there is no “$verb”" ;;
esac
