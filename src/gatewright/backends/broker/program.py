"""The broker: the only program of the gateway that runs as root, with ``python -I``.

It starts the check of a password (``sign-in``) for authn, and the worker of an account
(``worker NAME GRANT``) for the gateway. Each connection to its Unix socket is for one
child. The broker first sends a challenge, and a grant is the HMAC of this and the name.
The answer is ``ok PID`` with the child's socket, in which a worker finds the key to the
tickets of its person, or ``no WORD``. Then the caller may send ``kill``, and gets
``ended CODE`` when the child has ended. No request has a path, argument or uid.
Accounts are looked up in the child, so that a hanging service blocks that child alone.
"""

import fcntl
import hmac
import json
import os
import pwd
import re
import selectors
import signal
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

MOST_BYTES, SIGN_INS, WAITING = 512, 8, 64
CHALLENGE_SECONDS, START_SECONDS, SIGN_IN_SECONDS, END_SECONDS = 30, 15, 60, 10
NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9._-]{0,31}")
SOCKET, STATUS, HIGH, NO_ID = 3, 4, 64, (1 << 32) - 1
Settings = dict[str, Any]


class Refused(Exception):
    """A request is refused; the argument is the word that tells the reason."""


class Connection:
    """A caller with its challenge, and its child once there is one."""

    def __init__(self, sock: socket.socket, uid: int) -> None:
        self.sock: socket.socket | None = sock
        self.challenge = os.urandom(16).hex().encode()
        self.ends_at = time.monotonic() + CHALLENGE_SECONDS
        self.uid, self.pid = uid, 0
        self.name = b""  # empty for the check of a password
        self.status: socket.socket | None = None  # tells how the child's start went
        self.ours: socket.socket | None = None  # to be passed on then


class Broker:
    """Answers requests until it is told to end."""

    def __init__(self, settings: Settings, key: bytes, listener: socket.socket) -> None:
        self.settings, self.key, self.listener = settings, key, listener
        self.connections: set[Connection] = set()
        self.spawns: deque[float] = deque(maxlen=settings["per_second"])
        self.selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Serve until a signal; workers end when the gateway closes their sockets."""
        waking, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.watch(waking, lambda: os.read(waking, 4096))
        self.watch(self.listener, self.accept)
        self.say(f"The broker is ready at {self.settings['socket']}")
        while True:
            for key, _ in self.selector.select(1.0):
                if self.selector.get_map().get(key.fd) is key:  # still watched
                    key.data()
            for one in list(self.connections):
                self.look_at(one)

    def say(self, text: str) -> None:
        """Write a line to the log; ignore that the log is full or closed."""
        try:
            os.write(1, text.encode() + b"\n")
        except OSError:
            return

    def watch(self, what: socket.socket | int, then: Callable[[], object]) -> None:
        """Call a function whenever there is something to read."""
        self.selector.register(what, selectors.EVENT_READ, then)

    def accept(self) -> None:
        """Accept a connection from the gateway or authn; refuse all others."""
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        peer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        uid = struct.unpack("iII", peer)[1]
        full = len(self.connections) >= self.settings["workers"] + SIGN_INS + WAITING
        if full or uid not in {self.settings["gateway"], self.settings["authn"]}:
            sock.close()
            return
        one = Connection(sock, uid)
        self.connections.add(one)
        self.watch(sock, lambda: self.read(one))
        self.send(one, one.challenge)

    def read(self, one: Connection) -> None:
        """Carry out a message; an invalid one ends the connection."""
        try:
            message = one.sock.recv(MOST_BYTES + 1) if one.sock else b""
        except OSError:
            message = b""
        if one.pid and message == b"kill":
            os.kill(one.pid, signal.SIGKILL)
        elif one.pid or not message or len(message) > MOST_BYTES:
            self.close(one)
        else:
            try:
                one.name = self.checked(one, message.split(b" "))
                self.start(one)
            except Refused as why:
                self.refuse(one, str(why))
            except OSError:
                self.refuse(one, "system")

    def checked(self, one: Connection, words: list[bytes]) -> bytes:
        """Return the name in a request ("" for a sign-in), after checking its grant."""
        if words == [b"sign-in"] and one.uid == self.settings["authn"]:
            return b""
        if (len(words), words[0], one.uid) != (3, b"worker", self.settings["gateway"]):
            raise Refused("form")
        if not NAME.fullmatch(words[1]):
            raise Refused("name")
        text = b"worker " + one.challenge + b" " + words[1]
        right = hmac.new(self.key, text, "sha256").hexdigest().encode()
        if time.monotonic() > one.ends_at or not hmac.compare_digest(right, words[2]):
            raise Refused("grant")
        return words[1]

    def start(self, one: Connection) -> None:
        """Fork the child of a connection, unless a limit is reached."""
        settings, names = self.settings, [o.name for o in self.connections if o.pid]
        if names.count(one.name) >= (settings["per_user"] if one.name else SIGN_INS):
            raise Refused("user-full" if one.name else "full")
        if one.name and len(names) - names.count(b"") >= settings["workers"]:
            raise Refused("full")
        now = time.monotonic()
        if len(self.spawns) == self.spawns.maxlen and now - self.spawns[0] < 1.0:
            raise Refused("rate")
        self.spawns.append(now)
        one.ours, theirs = socket.socketpair()
        if one.name:
            text = f"person {settings['boot']} {one.name.decode()}".encode()
            one.ours.send(hmac.digest(self.key, text, "sha256"))
        one.status, told = socket.socketpair()
        one.pid = os.fork()
        if one.pid == 0:
            become_child(settings, one.name, theirs.fileno(), told.fileno())
        theirs.close()
        told.close()
        one.ends_at = now + START_SECONDS
        self.watch(one.status, lambda: self.started(one))

    def started(self, one: Connection) -> None:
        """Pass the child's socket to the caller, or report why it could not start."""
        if one.ours is None or one.status is None:
            return
        word = one.status.recv(64)
        self.selector.unregister(one.status)
        one.status.close()
        if one.sock:
            one.ends_at = time.monotonic() + (1e9 if one.name else SIGN_IN_SECONDS)
        if word:
            self.refuse(one, word.decode())
        else:
            self.send(one, b"ok %d" % one.pid, one.ours.fileno())
            self.say(f"started {one.name.decode() or 'sign-in'} pid={one.pid}")
        one.ours.close()
        one.ours = None

    def refuse(self, one: Connection, word: str) -> None:
        """Send the reason for a refusal, and close the connection."""
        self.say(f"refused {word}")
        self.send(one, b"no " + word.encode())
        self.close(one)

    def send(self, one: Connection, message: bytes, *descriptors: int) -> None:
        """Send a message; if that would block, close the connection."""
        if one.sock:
            try:
                socket.send_fds(one.sock, [message], descriptors)
            except OSError:
                self.close(one)

    def close(self, one: Connection) -> None:
        """Close a connection; its child has ten seconds to end."""
        if one.sock:
            self.selector.unregister(one.sock)
            one.sock.close()
            one.sock = None
            one.ends_at = min(one.ends_at, time.monotonic() + END_SECONDS)
        if not one.pid:
            self.connections.discard(one)

    def look_at(self, one: Connection) -> None:
        """Report a child that has ended; kill a child whose time is over."""
        ended, status = os.waitpid(one.pid, os.WNOHANG) if one.pid else (0, 0)
        if ended:
            self.started(one)
            one.pid = 0
            self.send(one, b"ended %d" % os.waitstatus_to_exitcode(status))
            self.close(one)
        elif time.monotonic() > one.ends_at and one.pid:
            os.kill(one.pid, signal.SIGKILL)
        elif time.monotonic() > one.ends_at:
            self.close(one)


def become_child(settings: Settings, name: bytes, sock: int, status: int) -> NoReturn:
    """Become the worker of an account, or the check of a password, in a new process."""
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        sock = fcntl.fcntl(sock, fcntl.F_DUPFD_CLOEXEC, HIGH)
        status = fcntl.fcntl(status, fcntl.F_DUPFD_CLOEXEC, HIGH)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2, SOCKET):
            os.dup2(sock if number == (SOCKET if name else 0) else null, number)
        status = os.dup2(status, STATUS, inheritable=False)
        os.closerange(STATUS + 1, 1 << 20)
        os.chdir("/")
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        argv = ["-I", "-S", settings["sign_in"], settings["service"]]
        os.umask(0o022 if name else 0o077)
        if name:
            entry, groups = account(name.decode(), settings)
            become(entry.pw_uid, entry.pw_gid, groups)
            environment |= {"HOME": entry.pw_dir, "SHELL": entry.pw_shell}
            environment |= {"USER": entry.pw_name, "LOGNAME": entry.pw_name}
            argv = ["-I", "-S", settings["worker"], str(SOCKET), "tickets"]
        os.execve(settings["python"], [settings["python"], *argv], environment)
    except BaseException as why:
        os.write(status, str(why).encode() if isinstance(why, Refused) else b"system")
    finally:
        os._exit(127)


def account(name: str, settings: Settings) -> tuple[pwd.struct_passwd, list[int]]:
    """Return an account that may have a worker, with its group ids."""
    try:
        again = pwd.getpwuid((entry := pwd.getpwnam(name)).pw_uid)
    except KeyError:
        raise Refused("unknown") from None
    if {entry.pw_name, again.pw_name} != {name}:
        raise Refused("ambiguous")
    uid, groups = entry.pw_uid, os.getgrouplist(name, entry.pw_gid)
    least = 1 if uid == settings["service_uid"] else settings["minimum_uid"]
    if uid in {0, settings["gateway"], settings["authn"]} or not least <= uid < NO_ID:
        raise Refused("uid")
    if {0, NO_ID} & set(groups):
        raise Refused("root-group")
    if uid == settings["service_uid"]:
        return entry, groups
    if settings["group"] not in groups:
        raise Refused("group")
    with open("/etc/shells", encoding="utf-8") as file:
        shells = {line.strip() for line in file if line.startswith("/")}
    if entry.pw_shell not in shells or entry.pw_shell.endswith(("/nologin", "/false")):
        raise Refused("shell")
    return entry, groups


def become(uid: int, gid: int, groups: list[int]) -> None:
    """Change to the ids of an account, and verify that no root rights remain."""
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    ids = (os.getresuid(), os.getresgid(), set(os.getgroups()))
    with open("/proc/self/status", "rb") as file:
        rights = re.findall(rb"Cap(?:Prm|Eff|Amb):\s*(\w+)", file.read())
    if ids != ((uid,) * 3, (gid,) * 3, set(groups)) or int(b"".join(rights), 16):
        raise Refused("drop")


def main(arguments: list[str]) -> None:
    """Serve with the settings in JSON, which ``gatewright broker`` has checked."""
    settings: Settings = json.loads(arguments[0])
    if os.getresuid() != (0, 0, 0) or not settings["gateway"] or not settings["authn"]:
        sys.exit("The broker runs as root, gateway and authn as other accounts.")
    with open(settings["key"], "rb") as file:
        key = file.read()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    os.umask(0o117)
    listener.bind(settings["socket"])
    os.chown(settings["socket"], settings["gateway"], settings["authn_group"])
    listener.listen(64)
    listener.setblocking(False)
    Broker(settings, key, listener).run()


if __name__ == "__main__":
    main(sys.argv[1:])
