"""The socket on which a gateway listens."""

import errno
import socket
import time
from contextlib import suppress
from ipaddress import ip_address

from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.web.server.patience import ORPHAN_SECONDS

_BACKLOG = 2048
"""Connections that wait while no process takes them."""
PATIENCE = ORPHAN_SECONDS + 1.0
"""Seconds for which the processes of a gateway that was killed may hold its address."""
_KEEPALIVE_SECONDS = 60
_UNACKNOWLEDGED_MILLISECONDS = 300_000


def listen(address: str) -> socket.socket:
    """Return a listening socket for ``host:port``; port 0 picks a free one.

    Raises
    ------
    Unavailable
        The address is taken, or not one of this machine.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What accepted connections inherit: a client that vanished is noticed.
        tcp = socket.IPPROTO_TCP
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(tcp, socket.TCP_KEEPIDLE, _KEEPALIVE_SECONDS)
        listener.setsockopt(tcp, socket.TCP_KEEPINTVL, _KEEPALIVE_SECONDS // 4)
        listener.setsockopt(tcp, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)
        _bind(listener, (host, int(port)))
        _leave_out_pacing(listener)
        listener.listen(_BACKLOG)
    except (OSError, ValueError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "it is not HOST:PORT"
        raise Unavailable(
            f"Cannot listen on {address}: {reason}. Choose another address or port, by "
            "“listen” in the configuration or --port of a demo; 0 finds a free one."
        ) from error
    return listener


def _bind(listener: socket.socket, address: tuple[str, int]) -> None:
    """Bind, waiting for a gateway that was killed to let go of the address."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return listener.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _leave_out_pacing(listener: socket.socket) -> None:
    """Set the plainest congestion control for clients on this machine.

    Where the system's is BBR, accepted connections would be paced by a timer between
    their segments. That is made for networks; from this machine to itself (a proxy in
    front, a browser on a laptop) it quadrupled the CPU of a download. It has to be set
    before a connection begins (tcp(7)).
    """
    if not ip_address(listener.getsockname()[0]).is_loopback:
        return
    with suppress(OSError):  # a kernel where it may not be chosen
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")


def with_bound_port(config: Config, listener: socket.socket) -> Config:
    """Return the configuration with the port that was picked in ``listen``."""
    host, _, _ = config.gateway.listen.rpartition(":")
    address = f"{host}:{listener.getsockname()[1]}"
    gateway = config.gateway.model_copy(update={"listen": address})
    return config.model_copy(update={"gateway": gateway})
