"""Warns an operator who starts a gateway as root."""

import logging
import os

_log = logging.getLogger(__name__)


def warn_if_root() -> bool:
    """Log a warning if the gateway runs as root; return whether it does."""
    if os.geteuid() != 0:
        return False
    _log.warning(
        "Gatewright runs as root: files, commands and jobs of the owner's account run "
        "as root too. Start it as an ordinary user."
    )
    return True
