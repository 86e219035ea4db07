"""Reads the secret by which the gateway shows itself to a provider."""

import os
import stat
from pathlib import Path

from gatewright.core.errors import InvalidRequest

_MOST_BYTES = 4096


def read_secret(path: Path) -> str:
    """Return the text of a file that only the gateway's account or root may read.

    Space around it is dropped, such as the end of the line.

    Raises
    ------
    InvalidRequest
        The file cannot be read, is open to others or another account's, or is empty.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise InvalidRequest(
            f"The secret {path} cannot be read: {error.strerror}."
        ) from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_mode & 0o077:
            raise InvalidRequest(
                f"The secret {path} has to be a file that nobody else may read: "
                f"chmod 600 {path}"
            )
        # Commands that root types read the file of the gateway's account.
        if about.st_uid != 0 and os.geteuid() not in {0, about.st_uid}:
            raise InvalidRequest(
                f"The secret {path} has to belong to the gateway's account or to root."
            )
        text = os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)
    if not text:
        raise InvalidRequest(f"The secret {path} is empty.")
    return text
