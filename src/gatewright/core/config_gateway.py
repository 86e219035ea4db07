"""General settings of the gateway: ``[gateway]``."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

from gatewright.core.config_base import TABLE, Name

_NAME = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_HOST = re.compile(_NAME, re.ASCII)
_ORIGIN = re.compile(rf"(https?)://({_NAME})(?::([0-9]{{1,5}}))?", re.ASCII)
_PLACE = re.compile(r"(\[[^]]*\]|[^][:]*)(:[0-9]{1,5})?", re.ASCII)
"""A host of a database with its port, which both may be missing."""
_PREFIX = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)+", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = 65_536


def browser_origin(text: str) -> str | None:
    """Return an origin as browsers send it; None if the text is no origin.

    Its host is in lower case and has no default port (RFC 6454, section 6.2). Browsers
    send other letters than those of ASCII as punycode (``xn--``).
    """
    match = _ORIGIN.fullmatch(text)
    if match is None or int(match[3] or 0) >= _PORTS:
        return None
    scheme, host, port = match.groups()
    tail = f":{int(port)}" if port and int(port) != _DEFAULT_PORTS[scheme] else ""
    return f"{scheme}://{host.lower()}{tail}"


class Gateway(BaseModel):
    """General settings of the gateway."""

    model_config = TABLE

    title: str = "Gatewright"
    """Name of the gateway, shown on its pages."""
    listen: str = "127.0.0.1:8000"
    """Address and port to listen on; port 0 picks a free one."""
    url: str = ""
    """Public URL of the gateway; by default made from ``listen``."""
    state: Path = Path("/var/lib/gatewright")
    """Folder of the embedded database, uploads in progress, spools and caches."""
    database: str = "sqlite"
    """``sqlite`` (a file in the state folder) or a ``postgresql://`` URL."""
    faces: list[Name] | None = None
    """Protocols to serve; by default all that are installed."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Number of gateway processes, which all listen on the one address."""
    allowed_hosts: list[str] = []
    """Host names to answer to, besides the host of ``url`` and the loopback names."""
    cors_origins: list[str] = []
    """Exact origins whose pages may call the API with a token (never with a cookie)."""
    trusted_proxies: list[str] = []
    """Addresses and networks (``10.0.0.0/8``) of reverse proxies whose
    ``X-Forwarded-For`` header tells the client's address. From other peers the header
    is ignored."""
    message_of_the_day: str = ""
    """A notice for all users."""

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        host, _, port = text.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and int(port) < _PORTS):
            raise ValueError("it has to be HOST:PORT, such as 127.0.0.1:8000")
        bare = host.removeprefix("[").removesuffix("]")
        if ":" in bare or bare.replace(".", "").isdigit():
            try:
                ip_address(bare)
            except ValueError as error:
                raise ValueError(
                    f"“{host}” is no address of a machine; write HOST:PORT, such as "
                    "127.0.0.1:8000 or [::1]:8000"
                ) from error
        elif not _HOST.fullmatch(host):
            raise ValueError(
                f"“{host}” is no name of a host; write HOST:PORT, such as "
                "127.0.0.1:8000"
            )
        return text

    @field_validator("url")
    @classmethod
    def _is_of_the_web(cls, text: str) -> str:
        scheme, colons, rest = text.rstrip("/").partition("://")
        host, slash, path = rest.partition("/")
        if text and browser_origin(scheme + colons + host) is None:
            raise ValueError("it has to begin with http:// or https:// and name a host")
        if path and not _PREFIX.fullmatch(slash + path):
            raise ValueError(
                "its path has to be names of letters, digits, “-”, “_” and “.”, "
                "such as https://example.org/gateway"
            )
        return text

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, names: list[str]) -> list[str]:
        for name in names:
            if not _HOST.fullmatch(name):
                raise ValueError(
                    f"“{name}” is no name of a host, such as gateway.example.org: "
                    "write each name by itself, without https:// and without a port"
                )
        return [name.lower() for name in names]

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, texts: list[str]) -> list[str]:
        origins = []
        for text in texts:
            origin = browser_origin(text)
            if origin is None:
                raise ValueError(
                    f"“{text}” is no origin, such as https://pages.example.org"
                )
            origins.append(origin)
        return origins

    places: Path | None = None
    """CSV table of places on the sky: ``name``, ``ra``, ``dec``, perhaps ``radius``."""

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, text: str) -> str:
        if text == "sqlite":
            return text
        if not text.startswith(("postgresql://", "postgres://")):
            raise ValueError("it has to be “sqlite” or begin with postgresql://")
        # One address may name several hosts, with commas between them.
        places = urlsplit(text).netloc.rpartition("@")[2].split(",")
        if not all(map(_PLACE.fullmatch, places)):
            raise ValueError(
                "it has to be postgresql://USER:PASSWORD@HOST:PORT/NAME, with “@” in "
                "the password as %40, “:” as %3A, “/” as %2F, “?” as %3F and “#” as %23"
            )
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, names: list[str]) -> list[str]:
        for name in names:
            try:
                network = ip_network(name)
            except ValueError as error:
                raise ValueError(_no_network(name)) from error
            if network.prefixlen == 0:
                raise ValueError(f"“{name}” would let everybody say who they are")
        return names


def _no_network(name: str) -> str:
    """Say what to write in place of a name that is no network."""
    try:
        wide = ip_network(name, strict=False)
    except ValueError:
        return (
            f"“{name}” is no address, such as 10.0.0.1, and no network, such as "
            "10.0.0.0/8"
        )
    return f"“{name}” is within a network; write it as {wide}"
