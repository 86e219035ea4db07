"""Settings of the processes beside the gateway: ``[broker]`` and ``[authn]``."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from gatewright.core.config_base import TABLE, Name


class BrokerSettings(BaseModel):
    """The broker, which runs as root and starts workers of users (multi-user mode)."""

    model_config = TABLE

    socket: Path = Path("/run/gatewright/broker.sock")
    """Unix socket on which the broker listens, open to the accounts of the gateway and
    of ``authn`` only."""
    gateway: Name = "gatewright"
    """Unix account that the gateway runs as."""
    group: Name = "gatewright-users"
    """Unix group of those who may use the gateway; no worker runs as anybody else."""
    minimum_uid: Annotated[int, Field(ge=1)] = 1000
    """Lowest uid of users; lower ones belong to the system, and no worker runs as
    them."""
    service_account: Name | None = None
    """Unix account that reads the queue and the accounting of batch systems for all
    users. It is not in their group, and may be the system's, without a login shell. By
    default the gateway's own account does it."""
    key: Path = Path("/var/lib/gatewright-broker/grants.key")
    """File of the secret key with which ``authn`` allows workers to start and to act.
    The broker creates it, readable by the account of ``authn`` only."""
    python: Path = Path("/usr/bin/python3")
    """Python interpreter of the workers. It and all folders above it must belong to
    root and be readable by everybody."""
    pam_service: Name = "gatewright"
    """Name of the PAM service file in ``/etc/pam.d``."""
    workers: Annotated[int, Field(ge=1, le=800)] = 200
    """Most users whose workers run at the same time."""
    workers_per_user: Annotated[int, Field(ge=1, le=64)] = 4
    """Most workers of one user; each of several gateway ``processes`` has one."""
    starts_per_second: Annotated[int, Field(ge=1, le=1000)] = 20
    """Most workers and password checks that the broker starts in a second."""
    idle_seconds: Annotated[float, Field(gt=0, le=31_622_400)] = 600.0
    """A worker ends after this many seconds without work."""


class AuthnSettings(BaseModel):
    """``gatewright authn``, which keeps sessions and tokens (multi-user mode)."""

    model_config = TABLE

    socket: Path = Path("/run/gatewright-authn/authn.sock")
    """Unix socket on which it listens; it answers the gateway's account only."""
    account: Name = "gatewright-authn"
    """Unix account that it runs as."""
    state: Path = Path("/var/lib/gatewright-authn")
    """Folder of its database."""
    asked_seconds: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """The gateway may act for a person while a request of theirs is under way, and this
    many seconds after it."""
