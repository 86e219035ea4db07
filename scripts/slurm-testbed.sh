#!/bin/bash
# A whole Slurm cluster on this machine, for tests and for trying out: munge, MariaDB,
# slurmdbd, a controller and one node, all on loopback and all under one folder.
#
#   scripts/slurm-testbed.sh start DIR [USER...]
#   scripts/slurm-testbed.sh stop DIR
#   scripts/slurm-testbed.sh end DIR DAEMON [SIGNAL]
#   scripts/slurm-testbed.sh begin DIR DAEMON
#
# "start" makes DIR, which is not there yet (its path is short: sockets are in it), and
# prints "SLURM_USERS=..." and "SLURM_CONF=..." when the cluster has answered: a munge
# credential came back, sacctmgr answered, the node was idle and a job was done. The
# users are given an account; where none are named and root starts it, two are made.
# "stop" ends what "start" began, by its process ids, and removes DIR and those users.
# "end" and "begin" do so with one daemon: munged, mariadbd, slurmdbd, slurmctld, slurmd.
#
# Debian's packages are installed where they are missing and where it may.
set -euo pipefail
self=$(readlink -f "$0")
packages="slurmctld slurmd slurm-client slurmdbd slurm-wlm-basic-plugins munge mariadb-server"
seconds=${SLURM_TESTBED_SECONDS:-120}
export PATH=$PATH:/usr/sbin:/sbin

die() { echo "slurm-testbed: $*" >&2; exit 1; }
say() { echo "slurm-testbed: $*" >&2; }

[ $# -ge 2 ] || die "use: start DIR [USER...] | stop DIR | end DIR DAEMON [SIGNAL] | begin DIR DAEMON"
verb=$1
dir=$(readlink -m "$2")
shift 2
export SLURM_CONF=$dir/slurm.conf

# until_true WHAT COMMAND...: waits until the command succeeds.
until_true() {
  local what=$1 deadline=$((SECONDS + seconds))
  shift
  until "$@" >"$dir/log/last" 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { cat "$dir/log/last" >&2; say "not in time: $what"; return 1; }
    sleep 0.1
  done
}

# A process is known by its id and the moment it began: ids are given again.
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
  local pid start
  [ -e "$dir/run/$1" ] || return 1
  read -r pid start <"$dir/run/$1"
  [ "$(began "$pid")" = "$start" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -c1)" != Z ]
}

# The daemons listen at the address of this machine's name, so that must be 127.0.0.1.
# Debian gives it 127.0.1.1 instead. There the daemons run under a name of their own,
# "localhost", in a UTS namespace, which only root may make.
host=$(hostname -s)
named=()
case $(getent ahostsv4 "$host" | cut -d' ' -f1 | sort -u) in
  127.0.0.1) ;;
  *) host=localhost
     named=(unshare --uts sh -c 'hostname localhost && exec "$@"' sh) ;;
esac

# keep NAME COMMAND...: starts a process in a session of its own and notes which.
keep() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/log/$name.out" 2>&1 &
  echo "$! $(began $!)" >"$dir/run/$name"
}

end() {
  local name=$1 signal=${2:-TERM} pid deadline
  alive "$name" || { rm -f "$dir/run/$name"; return 0; }
  read -r pid _ <"$dir/run/$name"
  kill -"$signal" "$pid" 2>/dev/null || true
  deadline=$((SECONDS + 20))
  while alive "$name"; do
    [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.05
  done
  rm -f "$dir/run/$name"
}

begin() {
  case $1 in
    munged)
      keep munged munged --foreground --force --socket="$dir/munge/socket" \
        --key-file="$dir/munge/key" --pid-file="$dir/munge/pid" \
        --log-file="$dir/log/munged" --seed-file="$dir/munge/seed" --num-threads=2 ;;
    mariadbd)
      keep mariadbd mariadbd --no-defaults --user="$(database_user)" --datadir="$dir/mariadb" \
        --socket="$dir/mariadb/socket" --pid-file="$dir/mariadb/pid" --skip-networking \
        --innodb-buffer-pool-size=32M --innodb-log-file-size=16M \
        --innodb-flush-log-at-trx-commit=0 --innodb-lock-wait-timeout=900 ;;
    slurmdbd) MYSQL_UNIX_PORT=$dir/mariadb/socket keep slurmdbd "${named[@]}" slurmdbd -D ;;
    slurmctld) keep slurmctld "${named[@]}" slurmctld -D -i ;;
    slurmd) keep slurmd "${named[@]}" slurmd -D ;;
    *) die "there is no daemon “$1”" ;;
  esac
}

database_user() { if [ "$(id -u)" = 0 ]; then echo mysql; else id -un; fi; }

install_packages() {
  local missing="" package
  for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || die "not installed, and this account may not:$missing"
  say "installing$missing"
  # The daemons of the packages are not to be started by them.
  local policy=/usr/sbin/policy-rc.d made=""
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=yes
  fi
  export DEBIAN_FRONTEND=noninteractive
  local status=0
  # shellcheck disable=SC2086  # one word for each package
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >&2 ||
    status=$?
  [ -z "$made" ] || rm -f "$policy"
  return "$status"
}

# The ports stay bound, without anybody listening, for as long as the cluster lives: the
# daemons share them (SO_REUSEADDR), and nobody else is given them meanwhile.
hold_ports() {
  keep ports python3 -c '
import signal, socket, sys
held = []
for _ in range(3):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    held.append(s)
with open(sys.argv[1], "w") as file:
    file.write(" ".join(str(s.getsockname()[1]) for s in held) + "\n")
signal.pause()' "$dir/ports"
  until_true "three free ports" grep -q . "$dir/ports"
  read -r ctld_port slurmd_port dbd_port <"$dir/ports"
}

make_users() {
  touch "$dir/users" "$dir/made-users"
  if [ $# = 0 ] && [ "$(id -u)" = 0 ]; then
    local letter name
    for letter in a b; do
      name=gw$(od -An -N3 -tx1 /dev/urandom | tr -d ' ')$letter
      mkdir -p "$dir/home"
      useradd --create-home --home-dir "$dir/home/$name" --shell /bin/sh "$name" >&2
      chmod 700 "$dir/home/$name"
      echo "$name" >>"$dir/made-users"
      echo "$name" >>"$dir/users"
    done
  else
    printf '%s\n' "$@" | grep . >"$dir/users" || true
  fi
}

write_settings() {
  local me version
  me=$(id -un)
  head -c 128 /dev/urandom >"$dir/munge/key"
  chmod 600 "$dir/munge/key"
  cat >"$dir/slurm.conf" <<CONF
ClusterName=testbed
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmdPort=$slurmd_port
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld
SlurmdLogFile=$dir/log/slurmd
MailProg=/bin/true
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MinJobAge=60
MaxArraySize=2001
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
AccountingStoragePass=$dir/munge/socket
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$dbd_port
AccountingStorageEnforce=associations
AccountingStoreFlags=job_comment
NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 Feature=fast State=UNKNOWN
Licenses=matlab:2
PartitionName=batch Nodes=localhost Default=YES MaxTime=60 DefaultTime=10 State=UP
PartitionName=debug Nodes=localhost MaxTime=10 State=UP
CONF
  version=$(slurmctld -V | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  [ "$version" -lt 23 ] || echo CgroupPlugin=disabled >"$dir/cgroup.conf"
  cat >"$dir/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=5
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$dbd_port
SlurmUser=$me
LogFile=$dir/log/slurmdbd
PidFile=$dir/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
CONF
  chmod 600 "$dir/slurmdbd.conf"
}

start() {
  install_packages
  [ ! -e "$dir" ] || die "$dir is there already"
  [ ${#dir} -le 60 ] || die "$dir is too long a path for the sockets in it"
  [ ${#named[@]} = 0 ] || unshare --uts true 2>/dev/null ||
    die "the name $(hostname -s) of this machine has not the address 127.0.0.1, and only root may give the cluster a name of its own: add \"127.0.0.1 $(hostname -s)\" to /etc/hosts"
  mkdir -p "$dir" && chmod 755 "$dir"
  mkdir "$dir"/{log,run,munge,mariadb,state,spool}
  trap 'status=$?; trap - EXIT; [ $status = 0 ] || { tail -n 20 "$dir"/log/* >&2 || true; stop; }; exit $status' EXIT
  hold_ports
  make_users "$@"
  write_settings
  begin munged
  [ "$(id -u)" != 0 ] || chown mysql: "$dir/mariadb"
  mariadb-install-db --no-defaults --user="$(database_user)" --datadir="$dir/mariadb" \
    --auth-root-authentication-method=normal --skip-test-db >"$dir/log/mariadb-install-db" 2>&1
  begin mariadbd
  until_true "a munge credential" bash -c "set -o pipefail; munge -n --socket='$dir/munge/socket' | unmunge --socket='$dir/munge/socket'"
  until_true "MariaDB" mariadb --no-defaults -u root --socket="$dir/mariadb/socket" -e \
    "CREATE DATABASE IF NOT EXISTS slurm; CREATE USER IF NOT EXISTS slurm@localhost IDENTIFIED BY 'slurm'; GRANT ALL ON slurm.* TO slurm@localhost"
  begin slurmdbd
  until_true "an answer of sacctmgr" sacctmgr -n -i show cluster
  sacctmgr -Q -i add cluster testbed >/dev/null
  sacctmgr -Q -i add account science Description=science Organization=testbed >/dev/null
  local user
  for user in $({ cat "$dir/users"; id -un; } | sort -u); do
    sacctmgr -Q -i add user "$user" Account=science >/dev/null
  done
  begin slurmctld
  begin slurmd
  until_true "an idle node" bash -c "sinfo -h -o %T | grep -qx idle"
  local job
  job=$(sbatch --parsable --output=/dev/null --wrap=true)
  until_true "a job that is done" bash -c "squeue -h -t all -j $job -o %T | grep -qx COMPLETED"
  trap - EXIT
  echo "SLURM_USERS=$(tr '\n' ' ' <"$dir/users" | sed 's/ $//')"
  echo "SLURM_CONF=$dir/slurm.conf"
}

# Another program may hold the lock of /etc/passwd, or a process of the user's may be
# just ending.
remove_user() {
  local deadline=$((SECONDS + 30))
  while id -u "$1" >/dev/null 2>&1 && ! userdel "$1" >&2; do
    [ "$SECONDS" -lt "$deadline" ] || { say "the user $1 cannot be removed"; return 0; }
    sleep 0.5
  done
}

stop() {
  [ -d "$dir/run" ] || { rm -rf "$dir"; return 0; }
  if alive slurmctld && alive slurmd && alive munged; then
    timeout 20 scancel --full --signal=KILL --user="$(id -un)" >/dev/null 2>&1 || true
    timeout 20 bash -c 'squeue -h -o %A | xargs -r scancel; while squeue -h | grep -q .; do sleep 0.1; done' >/dev/null 2>&1 || true
  fi
  local name pid
  for name in slurmd slurmctld slurmdbd mariadbd munged ports; do end "$name"; done
  # Jobs and their keepers that a killed daemon left behind have the cluster's settings
  # in their environment; nothing else has.
  for pid in /proc/[0-9]*; do
    pid=${pid#/proc/}
    [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || ! is_of_cluster "$pid" || kill -KILL "$pid" 2>/dev/null || true
  done
  if [ -s "$dir/made-users" ]; then
    while read -r name; do remove_user "$name"; done <"$dir/made-users"
  fi
  rm -rf "$dir"
}

is_of_cluster() {
  case $(readlink "/proc/$1/exe" 2>/dev/null) in
    */slurmstepd) grep -qzx "SLURM_CONF=$dir/slurm.conf" "/proc/$1/environ" 2>/dev/null ;;
    *) grep -qzx "SLURM_CONF=$dir/slurm.conf" "/proc/$1/environ" 2>/dev/null &&
         grep -qz "^SLURM_JOB_ID=" "/proc/$1/environ" 2>/dev/null ;;
  esac
}

case $verb in
  start) start "$@" ;;
  stop) stop ;;
  end) [ $# -ge 1 ] || die "which daemon?"; end "$@" ;;
  begin) [ $# = 1 ] || die "which daemon?"; begin "$1" ;;
  *) die "there is no “$verb”" ;;
esac
