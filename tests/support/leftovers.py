"""Names for what a test makes on the machine itself: accounts, folders, services.

A name says which process made it: its id and the moment it began, since ids are given
again. So the next run finds what one that was killed could not remove.
"""

import contextlib
import grp
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

_NAME = re.compile(r"gwt([0-9a-f]+)-([0-9a-f]+)-[0-9a-f]{6}")
_FOLDERS = (Path("/run"), Path("/etc/pam.d"), Path("/tmp"), Path("/home"))
_SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def new_name() -> str:
    """Return a name that is fit for an account, a group and a file."""
    return f"gwt{os.getpid():x}-{_began(os.getpid()):x}-{secrets.token_hex(3)}"


def remove_leftovers() -> None:
    """Remove what tests have made whose process is no more."""
    for folder in _FOLDERS:
        for entry in folder.iterdir():
            if is_left(entry.name):
                _remove_entry(entry)
    for account in pwd.getpwall():
        if is_left(account.pw_name):
            _end_processes(account.pw_uid)
            _run("userdel", "--remove", "--force", account.pw_name)
    for group in grp.getgrall():
        if is_left(group.gr_name):
            _run("groupdel", group.gr_name)


def is_left(name: str) -> bool:
    """Return whether a name is of a process that is no more."""
    match = _NAME.fullmatch(name)
    return match is not None and _began(int(match[1], 16)) != int(match[2], 16)


def _began(pid: int) -> int:
    """Return when a process began, in ticks since the machine did; 0 for none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[19])


def _remove_entry(entry: Path) -> None:
    # What the scripts of the testbeds began is ended by them.
    for script, sign in (
        ("multi-user-testbed.sh", "name"),
        ("slurm-testbed.sh", "run"),
    ):
        if (entry / "c" / sign).exists():
            subprocess.run([_SCRIPTS / script, "stop", entry / "c"], check=False)
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _end_processes(uid: int) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == uid:
                os.kill(int(process.name), signal.SIGKILL)


def _run(*argv: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = subprocess.run(argv, check=False, capture_output=True)
        # Somebody else on the machine may be changing accounts just now.
        if b"try again later" not in done.stderr:
            return
