"""Data model of the configuration file: TOML tables as frozen pydantic models.

Unknown keys are refused; ``gatewright check`` explains mistakes by the types here. The
descriptions become the reference page (``docs/reference/configuration.md``).
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gatewright.core.config_base import TABLE, Name, Names
from gatewright.core.config_catalogues import CatalogueSource
from gatewright.core.config_discovery import DiscoverySettings
from gatewright.core.config_gateway import Gateway
from gatewright.core.config_people import AuthnSettings, BrokerSettings
from gatewright.core.config_providers import IdentityProvider

__all__ = [
    "Access",
    "AuthnSettings",
    "BrokerSettings",
    "CatalogueSource",
    "Config",
    "Count",
    "DatasetSource",
    "Gateway",
    "Identity",
    "IdentityProvider",
    "Interval",
    "Limits",
    "Name",
    "Names",
    "Section",
    "StoreSettings",
    "SurveySource",
    "System",
]

Count = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=1, le=3660)]
Interval = Annotated[float, Field(ge=0.1, le=3600)]
Access = Literal["public", "users"] | list[Name]
_YEAR = 31_622_400
"""Longest time in seconds that a limit may be: timers overflow beyond centuries."""
_EXBIBYTE = 1 << 60
Seconds = Annotated[float, Field(gt=0, le=_YEAR)]
SessionSeconds = Annotated[int, Field(ge=60, le=10 * _YEAR)]


class Section(BaseModel):
    """A table of the configuration file."""

    model_config = TABLE


class Identity(Section):
    """Who people are; each way to sign in has settings in ``[identity.NAME]``."""

    model_config = ConfigDict(extra="allow")

    mode: Literal["single-user", "multi-user"] = "single-user"
    """``single-user``: the gateway's files, commands and jobs run as the person who
    started it. ``multi-user``: they run as the Unix account of each user, through
    ``gatewright broker``."""
    owner: Name | None = None
    """Account name of the person who started the gateway; by default the login name."""
    login: Names = ("local",)
    """Plug-ins that check names and passwords: ``local`` for accounts of the gateway,
    and others that are installed."""
    session_idle_seconds: SessionSeconds = 8 * 3600
    """A session ends after this many seconds without a request."""
    session_seconds: SessionSeconds = 7 * 86400
    """A session ends after this many seconds in any case."""
    providers: list[IdentityProvider] = []
    """Providers of OpenID Connect by which people sign in."""

    @model_validator(mode="after")
    def _fits_one_person(self) -> "Identity":
        if self.mode == "single-user" and "pam" in self.login:
            raise ValueError(
                'signing in by “pam” needs mode = "multi-user": otherwise everybody '
                "would act as the one who runs the gateway"
            )
        return self

    @field_validator("providers")
    @classmethod
    def _have_names(cls, providers: list[IdentityProvider]) -> list[IdentityProvider]:
        names = [provider.name for provider in providers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"“{name}” is named twice")
        return providers


class StoreSettings(Section):
    """Where documents are kept; the plug-in adds settings of its own."""

    model_config = ConfigDict(extra="allow")

    backend: Name = "sql"
    """Plug-in that keeps the documents: ``sql`` (the gateway's database) or an
    installed one."""


class System(Section):
    """A place with files, commands and jobs; its plug-ins add settings of their own."""

    model_config = ConfigDict(extra="allow")

    name: Name
    """Name in URLs."""
    scheduler: Name = "processes"
    """Plug-in that runs the system's jobs; ``none`` for a system without jobs."""
    filesystem: Name = "posix"
    """Plug-in that gives access to the system's files; ``none`` for a system without
    files."""
    home: Path | None = None
    """Folder that ``~`` and relative paths begin in; by default the owner's home."""

    @field_validator("name")
    @classmethod
    def _no_address(cls, name: str) -> str:
        # Addresses beside those of the systems: /api/v1/status/incidents, and NEWT's
        # /newt/status/motd.
        if name in {"incidents", "motd"}:
            raise ValueError(f"“{name}” is an address of the status; choose another")
        return name


class DatasetSource(Section):
    """A gridded data set to publish."""

    id: Name
    """Name in URLs."""
    source: Path
    """A NetCDF or HDF5 file, or any path that an installed reader takes."""
    reader: str = ""
    """Name of the reader; by default the first one that recognizes the file."""
    title: str = ""
    """Title in the catalogue; by default the file's ``title`` attribute."""
    access: Access = "public"
    """``public``, ``users`` (any account), or a list of accounts and groups."""


class SurveySource(Section):
    """A collection of telescope images to publish."""

    id: Name
    """Name in URLs."""
    images: str
    """Glob pattern of the FITS files (``/data/decam/**/*.fits``)."""
    title: str = ""
    """Title in the catalogue."""
    access: Access = "public"
    """``public``, ``users`` (any account), or a list of accounts and groups."""
    filters: dict[str, str] = {}
    """Band of each filter name in the headers (``"zd DECam k1038" = "z"``), or the
    filter's edges in nanometres (``"VR" = "500-760"``), or ``""`` for no band."""
    kinds: dict[str, str] = {}
    """Kind of image by patterns of file names or HDU names, such as ``"*.wt.fits" =
    "weight"``."""
    keywords: dict[str, str] = {}
    """Header keyword to read each of ``filter``, ``start``, ``end`` and ``exposure``
    from, such as ``start = "SHUTOPEN"``. Times may be dates, MJD or JD."""
    calib_level: Annotated[int, Field(ge=0, le=4)] | None = None
    """Calibration level of the science images as ObsCore defines it (1 raw, 2
    calibrated, 3 combined from several); by default found from headers and names."""
    times: Path | None = None
    """CSV table of observation times for files whose headers have none or a wrong one,
    with the columns ``file`` (name, or path below the survey's folder) and ``time``
    (moment or interval, ISO 8601 or MJD). Such times are marked as assumed."""
    catalogue: CatalogueSource | None = None
    """Catalogue of stars from which the images get their photometric zero points;
    without one, light curves are in the units of an image."""


class Limits(Section):
    """Bounds on what one request or one user may take."""

    body_bytes: Annotated[int, Field(ge=1024)] = 4_194_304
    """Largest request body, except for uploads."""
    upload_bytes: Annotated[int, Field(ge=1024)] = 1_099_511_627_776
    """Largest uploaded file."""
    response_bytes: Annotated[int, Field(ge=1024)] = 2_000_000_000
    """Largest response made from arrays; a larger one is refused with 413 and its
    estimated size."""
    url_bytes: Annotated[int, Field(ge=256)] = 32_768
    """Longest URL."""
    header_seconds: Seconds = 10.0
    """Time within which the header section of a request must arrive."""
    body_stall_seconds: Seconds = 30.0
    """Longest pause within a request's body."""
    requests_per_second: Annotated[float, Field(gt=0)] = 200.0
    """Sustained request rate of one user, or of one address without an account. With
    several ``processes`` each admits its share of the rate, and a connection stays with
    one process."""
    requests_burst: Annotated[int, Field(ge=1)] = 2000
    """Number of requests above that rate that may come at once."""
    downloads_per_user: Annotated[int, Field(ge=1)] = 64
    """Files, folders and job outputs that are sent to one user at once; more are
    refused with 429. With several ``processes`` each counts for itself, here and in the
    next three."""
    uploads_per_user: Annotated[int, Field(ge=1)] = 64
    """Files that one user may upload at once."""
    streams_per_user: Annotated[int, Field(ge=1)] = 256
    """Event streams and followed outputs that one user, or one address without an
    account, may have open at once."""
    cutouts_per_user: Annotated[int, Field(ge=1)] = 2
    """Archives of cut-outs that are made for or sent to one user, or one address
    without an account, at once; more are refused with 429."""
    cutouts_bytes: Annotated[int, Field(ge=1024)] = 67_108_864
    """Total size of the cut-outs of one archive, which are kept in memory until it is
    sent; a larger one is refused with 413."""
    document_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    """Largest document of the store."""
    store_bytes_per_user: Annotated[int, Field(ge=1024)] = 1_073_741_824
    """Total size of one user's documents."""
    jobs_in_flight_per_user: Annotated[int, Field(ge=1)] = 5000
    """Jobs of one user on each system that have not ended. Every element of a job array
    counts, and so does a held job."""
    job_token_seconds: Annotated[int, Field(ge=1, le=_YEAR)] = 7 * 86400
    """Longest lifetime of a token that a job asks for, from its submission."""
    command_seconds: Seconds = 60.0
    """Longest time a command may run."""
    command_output_bytes: Annotated[int, Field(ge=1)] = 1_048_576
    """How much of each output stream of a command is kept."""
    readers: Annotated[int, Field(ge=1, le=64)] = 3
    """Number of reader processes, at least three: one is always free for small
    requests, and long requests leave another for first looks into files."""
    reader_memory_bytes: Annotated[int, Field(ge=268_435_456, le=_EXBIBYTE)] = (
        1_073_741_824
    )
    """Address space of one reader process."""
    reader_seconds: Seconds = 30.0
    """Longest time a reader may take for one part of a response."""
    processors: Annotated[int, Field(ge=1, le=64)] = 1
    """Coadds, differences and light curves that one gateway process makes at once, each
    in a process of its own."""
    processor_memory_bytes: Annotated[int, Field(ge=536_870_912, le=_EXBIBYTE)] = (
        3_221_225_472
    )
    """Address space of a process that makes a coadd, difference or light curve."""
    processor_seconds: Seconds = 600.0
    """Longest time for one coadd, difference or light curve."""


class Config(Section):
    """The whole configuration file."""

    gateway: Gateway = Gateway()
    identity: Identity = Identity()
    broker: BrokerSettings = BrokerSettings()
    authn: AuthnSettings = AuthnSettings()
    store: StoreSettings = StoreSettings()
    discovery: DiscoverySettings = DiscoverySettings()
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

    @model_validator(mode="after")
    def _fits_many_people(self) -> "Config":
        if not self.multi_user:
            return self
        if self.identity.owner is not None:
            raise ValueError(
                "in multi-user mode the owner is the gateway's own account; leave out "
                "“owner” of [identity]"
            )
        if self.authn.account == self.broker.gateway:
            raise ValueError(
                "“account” of [authn] and “gateway” of [broker] are the same account; "
                "each needs its own, so that the gateway reads no session"
            )
        if self.identity.providers and set(self.identity.login) <= {"local"}:
            raise ValueError(
                "in multi-user mode “providers” lead to Unix accounts, which “pam” in "
                "“login” knows"
            )
        if self.gateway.processes > self.broker.workers_per_user:
            raise ValueError(
                "each of the gateway's “processes” has a worker for a person: let "
                f"“workers_per_user” of [broker] be {self.gateway.processes} or more"
            )
        for system in self.systems:
            if system.scheduler == "processes":
                raise ValueError(
                    f"the system “{system.name}” needs another scheduler in multi-user "
                    'mode (“slurm”), or scheduler = "none": “processes” runs jobs '
                    "as the gateway's own account"
                )
            if system.home is not None:
                raise ValueError(
                    f"in multi-user mode a home is that of the Unix account; leave out "
                    f"“home” of the system “{system.name}”"
                )
        return self

    @property
    def multi_user(self) -> bool:
        """Whether files, commands and jobs run as the Unix account of each user."""
        return self.identity.mode == "multi-user"

    @property
    def url(self) -> str:
        """Public URL of the gateway, without a slash at the end."""
        return (self.gateway.url or f"http://{self.gateway.listen}").rstrip("/")

    @property
    def prefix(self) -> str:
        """Path of the public URL (``/gateway``), below which all is; may be empty."""
        return urlsplit(self.url).path
