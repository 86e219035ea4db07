"""Incidents, planned outages and notices that administrators announce.

Times are seconds since 1970 UTC.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why something is announced."""

    INCIDENT = "incident"
    """Something is wrong, and nobody planned it."""
    OUTAGE = "outage"
    """A planned outage, with a beginning and an end."""
    NOTICE = "notice"
    """Something that users should know."""


class Severity(StrEnum):
    """What an announcement says about the systems and services that it concerns."""

    INFO = "info"
    """They work."""
    DEGRADED = "degraded"
    """They work in part, or slowly."""
    DOWN = "down"
    """They cannot be used."""

    @property
    def rank(self) -> int:
        """A number that is higher for what is more severe, from 0."""
        return list(Severity).index(self)


class Service(StrEnum):
    """A service of the gateway that an announcement may concern."""

    FILES = "files"
    COMMANDS = "commands"
    JOBS = "jobs"
    STORE = "store"
    DATASETS = "datasets"
    IMAGES = "images"
    SIGN_IN = "sign-in"


class Phase(StrEnum):
    """Where an announcement stands in time."""

    PLANNED = "planned"
    """It has not begun."""
    CURRENT = "current"
    """It has begun, and has not ended."""
    PAST = "past"
    """It has ended."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field that an update changed."""

    field: str
    """Name of the field."""
    before: str
    """Its value before, as text; empty for none."""
    after: str
    """Its value from then on, as text; empty for none."""


@dataclass(frozen=True, slots=True)
class Update:
    """What an administrator wrote or changed, and when."""

    at: float
    """When it was written."""
    author: str
    """Account of the administrator."""
    text: str
    """What is new; empty if only fields were changed."""
    changes: tuple[Change, ...] = ()
    """What was changed."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An incident, a planned outage or a notice."""

    id: str
    """Id, which sorts by the time when it was written."""
    kind: Kind
    """Why it is announced."""
    severity: Severity
    """What it says about what it concerns."""
    title: str
    """One line."""
    text: str
    """More about it; may be empty and may have several lines."""
    systems: tuple[str, ...]
    """Systems that it concerns."""
    services: tuple[Service, ...]
    """Services that it concerns. With neither systems nor services it concerns all."""
    begins_at: float
    """When it begins or began."""
    ends_at: float | None
    """When it ends or ended; None if that is not known."""
    takes_jobs: bool
    """Whether the systems take new jobs meanwhile."""
    updates: tuple[Update, ...] = ()
    """Its history, oldest first; the first one is its creation."""
    withdrawn: bool = False
    """Whether it was withdrawn; only administrators see it then."""

    def phase(self, now: float) -> Phase:
        """Return where it stands in time."""
        if now < self.begins_at:
            return Phase.PLANNED
        ended = self.ends_at is not None and self.ends_at <= now
        return Phase.PAST if ended else Phase.CURRENT

    def is_open(self, now: float) -> bool:
        """Return whether it is current or planned and has not been withdrawn."""
        return not self.withdrawn and self.phase(now) is not Phase.PAST

    def concerns(self, system: str) -> bool:
        """Return whether it concerns a system: named, or all systems and services."""
        return system in self.systems or not (self.systems or self.services)

    def concerns_service(self, service: Service) -> bool:
        """Return whether it concerns a service: named, or all systems and services."""
        return service in self.services or not (self.systems or self.services)

    def closes_jobs_of(self, system: str) -> bool:
        """Return whether a system takes no jobs while this is current.

        An announcement that names only services closes all systems if it is of jobs.
        """
        of_jobs = not self.systems and Service.JOBS in self.services
        return not self.takes_jobs and (self.concerns(system) or of_jobs)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of announcements shall have."""

    now: float
    """Time at which the phases are meant."""
    phases: frozenset[Phase] = frozenset(Phase)
    """Phases that are wanted."""
    kind: Kind | None = None
    """Kind that is wanted; None for all."""
    withdrawn: bool = False
    """Whether withdrawn announcements are wanted, and only these."""
