"""``gatewright broker``: runs as root and starts workers as other users."""

import grp
import json
import os
import pwd
import secrets
import socket
import stat
import sys
from pathlib import Path

import click

from gatewright.backends.broker import program, sign_in
from gatewright.backends.broker.grants import KEY_BYTES, boot_id
from gatewright.backends.worker.starting import PROGRAM
from gatewright.cli.options import config_option
from gatewright.core.config import BrokerSettings
from gatewright.core.config_file import load_config
from gatewright.core.errors import Conflict, InvalidRequest, NotAllowed

_WORLD_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@click.command()
@config_option
def broker(config_file: Path) -> None:
    """Start workers as other users, for a gateway in multi-user mode.

    It runs as root, and replaces itself by a program in a single file, which imports
    nothing of the gateway. The configuration, the interpreter and this package must
    belong to root.
    """
    if os.geteuid() != 0:
        raise NotAllowed("The broker runs as root, since it starts workers as others.")
    check_trusted(config_file.resolve())
    config = load_config(config_file)
    if not config.multi_user:
        raise InvalidRequest(
            'A broker is for mode = "multi-user" in [identity] of the configuration.'
        )
    settings = prepared(config.broker, config.authn.account)
    argv = [sys.executable, "-I", "-S", program.__file__, json.dumps(settings)]
    os.execv(argv[0], argv)  # noqa: S606  # our own program, and no shell


def prepared(settings: BrokerSettings, authn: str) -> dict[str, object]:
    """Check what the broker needs, make its folders and key, and return its settings.

    ``authn`` is the Unix account of authn.

    Raises
    ------
    InvalidRequest
        A Unix account or the group does not exist, or is not one of its own.
    NotAllowed
        Somebody other than root could change a file that root runs.
    Conflict
        Another broker is running.
    """
    try:
        gateway = pwd.getpwnam(settings.gateway).pw_uid
        keeper = pwd.getpwnam(authn)
        group = grp.getgrnam(settings.group).gr_gid
    except KeyError as error:
        raise InvalidRequest(
            f"{error.args[0]}. Make the Unix accounts of the gateway and of authn "
            f"(useradd --system {settings.gateway}; useradd --system {authn}) and the "
            f"group of those who may use it (groupadd {settings.group}), or name "
            "others in [broker] and [authn]."
        ) from error
    service = service_uid(settings.service_account, group)
    if len({0, gateway, keeper.pw_uid}) < 3 or service in {gateway, keeper.pw_uid}:
        raise InvalidRequest(
            "The gateway and authn have to run as other accounts than root, each as "
            "its own, and the service account is another again."
        )
    # Links are resolved first, so that the broker runs the files that are checked here.
    python = settings.python.resolve()
    for path in (python, PROGRAM, Path(sign_in.__file__)):
        check_trusted(path.resolve(), readable=True)
    for own in (sys.executable, program.__file__):
        check_trusted(Path(own).resolve())
    make_room(settings.socket)
    make_key(settings.key, keeper.pw_uid)
    return {
        "socket": str(settings.socket),
        "gateway": gateway,
        "authn": keeper.pw_uid,
        "authn_group": keeper.pw_gid,
        "python": str(python),
        "worker": str(PROGRAM),
        "sign_in": sign_in.__file__,
        "service": settings.pam_service,
        "key": str(settings.key),
        "boot": boot_id(),
        "group": group,
        "service_uid": service,
        "minimum_uid": settings.minimum_uid,
        "per_user": settings.workers_per_user,
        "workers": settings.workers,
        "per_second": settings.starts_per_second,
    }


def service_uid(name: str | None, group: int) -> int:
    """Return the uid of the service account; 0 if none is configured.

    ``group`` is the group id of those who may use the gateway.

    Raises
    ------
    InvalidRequest
        There is no such account, or it is root's or a user's.
    """
    if name is None:
        return 0
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise InvalidRequest(
            f"{error.args[0]} (service_account in [broker]; useradd --system {name} "
            "makes it)."
        ) from error
    if entry.pw_uid == 0 or group in os.getgrouplist(name, entry.pw_gid):
        raise InvalidRequest(
            f"The service account “{name}” has to be an account of its own: not root, "
            "and not in the group of those who may use the gateway."
        )
    return entry.pw_uid


def check_trusted(path: Path, *, readable: bool = False) -> None:
    """Check that only root can change a file, and all folders above it.

    With ``readable``, everybody must be able to read it too, since workers do.

    Raises
    ------
    NotAllowed
        Another account could change the file, or cannot read it.
    """
    for part in (path, *path.parents):
        state = part.stat()
        sticky_folder = part.is_dir() and state.st_mode & stat.S_ISVTX
        if state.st_uid != 0 or (state.st_mode & _WORLD_WRITABLE and not sticky_folder):
            raise NotAllowed(
                f"“{part}” can be changed by others than root. What the broker runs "
                "has to be root's (chown root, chmod go-w), with the folders above."
            )
        wanted = stat.S_IXOTH if part.is_dir() else stat.S_IROTH
        if readable and not state.st_mode & wanted:
            raise NotAllowed(
                f"“{part}” is closed to other accounts, whose workers have to read it. "
                "Install the gateway, or name a “python” in [broker], elsewhere."
            )


def make_room(path: Path) -> None:
    """Create the socket's folder, and remove the socket of a broker that has ended.

    Raises
    ------
    Conflict
        Another broker is running, or the path is not a socket.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    check_trusted(path.parent.resolve())
    if not path.exists():
        return
    if not path.is_socket():
        raise Conflict(f"“{path}” is there and is no socket.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise Conflict(f"Another broker is at work at “{path}”.")


def make_key(path: Path, authn: int) -> None:
    """Create the secret key of grants and tickets if it does not exist.

    Raises
    ------
    NotAllowed
        An account other than that of authn could read the key.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    check_trusted(path.parent.resolve())
    if not path.exists():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            os.fchown(file.fileno(), authn, -1)
    state = path.stat()
    if state.st_uid not in {0, authn} or stat.S_IMODE(state.st_mode) & 0o077:
        raise NotAllowed(
            f"“{path}” is for its owner's eyes alone (chmod 0600), the account of "
            "authn. If another could read it, remove it: it is made anew."
        )
