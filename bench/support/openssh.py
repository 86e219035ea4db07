"""OpenSSH's server on loopback, with SFTP and commands, for one key of this account."""

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.support.processes import free_port, server

_WHERE = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
_SFTP = ("/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh", "/usr/libexec")
_SEPARATED = Path("/run/sshd")
_CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
AuthorizedKeysFile {authorized}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv HOME={folder}
Subsystem sftp {sftp}
"""


def account() -> str:
    """Return the name of the account that this process has and signs in as."""
    return pwd.getpwuid(os.getuid()).pw_name


@contextmanager
def openssh(folder: Path, host_key: Path, authorized: Path) -> Iterator[int | None]:
    """Run ``sshd`` until the context ends; yield its port.

    It is a server of its own, with its configuration in ``folder``, where its keys may
    lie as well: ``StrictModes``, which refuses keys below a folder that everybody can
    write to, is off. So is PAM, whose sessions would cost it time, and commands have
    ``folder`` as their home, so that the account's own ``.bashrc``, which Debian's bash
    reads for each command by SSH, costs it none. What is yielded is None, after saying
    so, if OpenSSH's server is not installed.
    """
    program = shutil.which("sshd", path=_WHERE)
    sftp = shutil.which("sftp-server", path=os.pathsep.join(_SFTP))
    if program is None or sftp is None:
        print("OpenSSH's server is absent (Debian: apt install openssh-server)")
        yield None
        return
    if os.getuid() == 0:
        # Of root it wants this folder, which its service makes when it starts.
        _SEPARATED.mkdir(mode=0o755, exist_ok=True)
    port = free_port()
    settings = folder / "sshd_config"
    settings.write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=port,
            host_key=host_key,
            authorized=authorized,
            sftp=sftp,
        ),
        encoding="utf-8",
    )
    with server([program, "-D", "-e", "-f", str(settings)], port):
        yield port
