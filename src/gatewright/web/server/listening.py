"""Creates the socket that the gateway listens on."""

import errno
import socket
import time
from contextlib import suppress
from ipaddress import ip_address

from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.web.server.patience import ORPHAN_SECONDS

_BACKLOG = 2048
"""Connections that may wait until a process accepts them."""
PATIENCE = ORPHAN_SECONDS + 1.0
"""Seconds for which processes of a gateway that was killed may still hold its
address."""
_KEEPALIVE_SECONDS = 60
_UNACKNOWLEDGED_MILLISECONDS = 300_000


def listen(address: str) -> socket.socket:
    """Return a listening socket for ``host:port``; port 0 picks a free one.

    Raises
    ------
    Unavailable
        The address is in use, or does not belong to this machine.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit these, so that vanished clients are noticed.
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
    """Bind the socket; retry while processes of a killed gateway hold the address."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return listener.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _leave_out_pacing(listener: socket.socket) -> None:
    """Select Reno congestion control for a socket that listens on loopback.

    With BBR as the system's default, accepted connections would pace their segments by
    a timer. That suits networks, but quadrupled the CPU time of a download on one
    machine (from a proxy in front, or to a browser on a laptop). It must be set before
    a connection is accepted (tcp(7)).
    """
    if not ip_address(listener.getsockname()[0]).is_loopback:
        return
    with suppress(OSError):  # a kernel that does not permit the choice
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")


def with_bound_port(config: Config, listener: socket.socket) -> Config:
    """Return the configuration with the socket's actual port in ``listen``."""
    host, _, _ = config.gateway.listen.rpartition(":")
    address = f"{host}:{listener.getsockname()[1]}"
    gateway = config.gateway.model_copy(update={"listen": address})
    return config.model_copy(update={"gateway": gateway})
