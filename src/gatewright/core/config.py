"""The one configuration: a TOML file, typed, frozen, unknown keys refused.

The reference page (``docs/reference/configuration.md``) is generated from the
descriptions here, and ``gatewright check`` explains a file by them.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Interval = Annotated[float, Field(ge=0.1, le=3600)]
Access = Literal["public", "users"] | list[Name]


_ORIGIN = re.compile(r"https?://[^/?#@\s]+", re.ASCII)
_PREFIX = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)+", re.ASCII)


def _is_origin(text: str) -> bool:
    return _ORIGIN.fullmatch(text) is not None


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


class Gateway(Section):
    """The gateway itself."""

    title: str = "Gatewright"
    """Name of the gateway, as pages show it."""
    listen: str = "127.0.0.1:8000"
    """Address and port to listen on; port 0 picks a free one."""
    url: str = ""
    """Address as the world sees it; by default made from ``listen``."""
    state: Path = Path("/var/lib/gatewright")
    """Folder of the embedded database, uploads in progress, spools and caches."""
    database: str = "sqlite"
    """``sqlite`` (a file in the state folder) or a ``postgresql://`` address."""
    faces: list[Name] | None = None
    """Protocols to serve; by default all that are installed."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Gateway processes, all alike, on the one address."""
    allowed_hosts: list[str] = []
    """More host names to answer to, besides that of ``url`` and loopback names."""
    cors_origins: list[str] = []
    """Exact origins whose pages may call the API with a token (never a cookie)."""
    trusted_proxies: list[str] = []
    """Addresses and networks (``10.0.0.0/8``) of reverse proxies: what they say in
    ``X-Forwarded-For`` is the client's address. Nobody else is believed."""
    message_of_the_day: str = ""
    """A notice for all users."""

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        host, _, port = text.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError("it has to be HOST:PORT, such as 127.0.0.1:8000")
        return text

    @field_validator("url")
    @classmethod
    def _is_of_the_web(cls, text: str) -> str:
        address = text.rstrip("/")
        path = urlsplit(address).path
        if text and not _is_origin(address.removesuffix(path)):
            raise ValueError("it begins with http:// or https://, and names a host")
        if path and not _PREFIX.fullmatch(path):
            raise ValueError(
                "its path is one or more names of letters, digits, “-”, “_” and “.”, "
                "such as https://example.org/gateway"
            )
        return text

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not _is_origin(origin):
                raise ValueError(
                    f"“{origin}” is no origin, such as https://pages.example.org"
                )
        return origins

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, text: str) -> str:
        if text != "sqlite" and not text.startswith(("postgresql://", "postgres://")):
            raise ValueError("it has to be “sqlite” or begin with postgresql://")
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, names: list[str]) -> list[str]:
        for name in names:
            try:
                network = ip_network(name)
            except ValueError as error:
                raise ValueError(f"{error}; write it as 10.0.0.0/8") from error
            if network.prefixlen == 0:
                raise ValueError(f"“{name}” would let everybody say who they are")
        return names


class Identity(Section):
    """Who people are; each way to sign in has settings in ``[identity.NAME]``."""

    model_config = ConfigDict(extra="allow")

    mode: Literal["single-user"] = "single-user"
    """``single-user``: the gateway acts as the person who started it."""
    owner: Name | None = None
    """Account that is that person; by default the login name."""
    login: Names = ("local",)
    """Plug-ins that know people by name and password: ``local`` accounts of the
    gateway, and others that are installed."""
    session_idle_seconds: Annotated[int, Field(ge=60)] = 8 * 3600
    """A session ends after this time without a request."""
    session_seconds: Annotated[int, Field(ge=60)] = 7 * 86400
    """A session ends after this time in any case."""


class StoreSettings(Section):
    """Where documents are kept; its plug-in adds settings of its own."""

    model_config = ConfigDict(extra="allow")

    backend: Name = "sql"
    """Plug-in that keeps them: ``sql`` (the gateway's database) or an installed one."""


class System(Section):
    """A place with files, commands and jobs; its plug-ins add settings of their own."""

    model_config = ConfigDict(extra="allow")

    name: Name
    """Name in URLs."""
    scheduler: Name = "processes"
    """Plug-in that runs its jobs; ``none`` for a system without jobs."""
    filesystem: Name = "posix"
    """Plug-in that holds its files; ``none`` for a system without files."""
    home: Path | None = None
    """Folder that ``~`` and relative paths mean; by default the owner's home."""


class DatasetSource(Section):
    """A gridded data set to publish."""

    id: Name
    """Name in URLs."""
    source: Path
    """A NetCDF or HDF5 file, or what an installed reader takes."""
    reader: str = ""
    """Name of the reader; by default whichever knows the file."""
    title: str = ""
    """Title in the catalogue; by default the file's own ``title``."""
    access: Access = "public"
    """``public``, ``users`` (any account), or a list of accounts and groups."""


class SurveySource(Section):
    """A collection of telescope images to publish."""

    id: Name
    """Name in URLs."""
    images: str
    """FITS files, as a path pattern (``/data/decam/**/*.fits``)."""
    title: str = ""
    """Title in the catalogue."""
    access: Access = "public"
    """``public``, ``users`` (any account), or a list of accounts and groups."""
    filters: dict[str, str] = {}
    """Band of each filter by its name in the headers (``"zd DECam k1038" = "z"``), or
    its edges in nanometres (``"VR" = "500-760"``), or ``""`` for none."""
    kinds: dict[str, str] = {}
    """Kind of image by patterns of names of files or HDUs, such as
    ``"*.wt.fits" = "weight"``."""
    keywords: dict[str, str] = {}
    """Keyword of the headers that tells each of ``filter``, ``start``, ``end`` and
    ``exposure``: ``start = "SHUTOPEN"``. Times are dates, MJD or JD."""
    calib_level: Annotated[int, Field(ge=0, le=4)] | None = None
    """Level of calibration of the science images: 1 raw, 2 calibrated, 3 made of
    several. As headers and names tell it, if not said."""
    times: Path | None = None
    """Table that gives files their times where headers tell none, or a wrong one: CSV
    with the columns ``file`` (name, or path below the survey's folder) and ``time``
    (moment or interval, ISO 8601 or MJD). Such times are marked as assumed."""


class Limits(Section):
    """Bounds on what one request or one user may take."""

    body_bytes: Annotated[int, Field(ge=1024)] = 4_194_304
    """Largest request body but for uploads."""
    upload_bytes: Annotated[int, Field(ge=1024)] = 1_099_511_627_776
    """Largest uploaded file."""
    response_bytes: Annotated[int, Field(ge=1024)] = 2_000_000_000
    """Largest answer that is made from arrays; above it 413 with the estimate."""
    url_bytes: Annotated[int, Field(ge=256)] = 32_768
    """Longest URL."""
    header_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Time for a request's header to arrive."""
    body_stall_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest pause within a request's body."""
    requests_per_second: Annotated[float, Field(gt=0)] = 200.0
    """Lasting rate of one user, or of one address without an account. Each of several
    ``processes`` admits its share, and a connection stays with one of them."""
    requests_burst: Annotated[int, Field(ge=1)] = 2000
    """Requests that may come at once above that rate."""
    downloads_per_user: Annotated[int, Field(ge=1)] = 64
    """Files, folders and outputs of jobs that are sent to one user at once; more are
    refused (429). Each of several ``processes`` counts for itself, here and in the next
    two."""
    uploads_per_user: Annotated[int, Field(ge=1)] = 64
    """Files that one user writes at once."""
    streams_per_user: Annotated[int, Field(ge=1)] = 256
    """Event streams and followed outputs of one user, or of one address without an
    account, that are open at once."""
    document_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    """Largest document of the store."""
    store_bytes_per_user: Annotated[int, Field(ge=1024)] = 1_073_741_824
    """Documents of one user together."""
    jobs_in_flight_per_user: Annotated[int, Field(ge=1)] = 5000
    """Jobs of one user that have not ended, on each system. Every element of an array
    counts, and so does a job that is held."""
    command_seconds: Annotated[float, Field(gt=0)] = 60.0
    """Longest time a command may run."""
    command_output_bytes: Annotated[int, Field(ge=1)] = 1_048_576
    """Most of each output stream of a command that is kept."""
    readers: Annotated[int, Field(ge=1, le=64)] = 2
    """Reader processes, two at least: one is always free for small requests."""
    reader_memory_bytes: Annotated[int, Field(ge=268_435_456)] = 1_073_741_824
    """Address space of one reader."""
    reader_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest time for one window of an answer."""
    processors: Annotated[int, Field(ge=1, le=64)] = 1
    """Coadds, differences and light curves that are made at once by one process of the
    gateway, each in a process of its own."""
    processor_memory_bytes: Annotated[int, Field(ge=536_870_912)] = 3_221_225_472
    """Address space of a process that works on images."""
    processor_seconds: Annotated[float, Field(gt=0)] = 600.0
    """Longest time for one coadd, difference or light curve."""


class Config(Section):
    """The whole file."""

    gateway: Gateway = Gateway()
    identity: Identity = Identity()
    store: StoreSettings = StoreSettings()
    systems: list[System] = []
    datasets: list[DatasetSource] = []
    surveys: list[SurveySource] = []
    limits: Limits = Limits()

    @field_validator("systems", "datasets", "surveys")
    @classmethod
    def _names_are_unique(cls, sources: list[Section]) -> list[Section]:
        names = [
            getattr(source, "id", "") or getattr(source, "name", "")
            for source in sources
        ]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"“{name}” is named twice")
        return sources

    @property
    def url(self) -> str:
        """Address of the gateway as the world sees it, without a slash at the end."""
        return (self.gateway.url or f"http://{self.gateway.listen}").rstrip("/")

    @property
    def prefix(self) -> str:
        """Path of that address (``/gateway``), below which all is; empty for none."""
        return urlsplit(self.url).path
