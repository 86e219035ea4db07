"""Projects, their people and allocations, and what was used on which day.

Usage is what was allocated to jobs, not what their programs did with it: a job that has
four CPU cores for an hour uses 14,400 CPU seconds. Days are days of UTC, numbered from
1970-01-01.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

DAY_SECONDS = 86_400
NO_PROJECT = "none"
"""Stands for a project in the usage of jobs that were charged to none."""
_EPOCH = date(1970, 1, 1).toordinal()


class By(StrEnum):
    """What usage is summed by."""

    SYSTEM = "system"
    PROJECT = "project"
    PERSON = "person"
    PARTITION = "partition"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Amount:
    """What jobs were given, in seconds of each kind."""

    cpu_seconds: float = 0.0
    """Seconds of single CPU cores."""
    node_seconds: float = 0.0
    """Seconds of nodes, each counted for every job that has a part of it."""
    gpu_seconds: float = 0.0
    """Seconds of single GPUs."""
    wall_seconds: float = 0.0
    """Elapsed time of the jobs."""
    jobs: int = 0
    """Jobs that ended."""

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.cpu_seconds + other.cpu_seconds,
            self.node_seconds + other.node_seconds,
            self.gpu_seconds + other.gpu_seconds,
            self.wall_seconds + other.wall_seconds,
            self.jobs + other.jobs,
        )


@dataclass(frozen=True, slots=True)
class Use:
    """What one person's jobs of one project used in one partition."""

    project: str
    """Project that was charged; :data:`NO_PROJECT` for none."""
    person: str
    """Account that the jobs ran under."""
    partition: str
    """Partition that they ran in; empty if the system has none."""
    amount: Amount
    """What they used."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a project or a member may have at most; None without a limit."""

    jobs: int | None = None
    """Jobs that run at the same time."""
    submitted: int | None = None
    """Jobs that run and wait."""
    duration: float | None = None
    """Time limit of one job, seconds."""
    cores: int | None = None
    """CPU cores in use at the same time."""
    nodes: int | None = None
    """Nodes in use at the same time."""
    gpus: int | None = None
    """GPUs in use at the same time."""
    qos: tuple[str, ...] = ()
    """Qualities of service that jobs may name."""


@dataclass(frozen=True, slots=True)
class FairShare:
    """How the scheduler weighs a project or member, as it states it."""

    shares: int | None
    """Shares that were assigned; None if the parent's are used."""
    normal_shares: float | None
    """Part of all shares."""
    usage: float | None
    """Usage that is weighed, in CPU seconds or the site's billing units; it may decay
    with time."""
    effective_usage: float | None
    """Part of the parent's usage."""
    factor: float | None
    """Fair-share factor from 0 to 1 (1 is best); None for a project, to which Slurm
    gives none."""
    level: float | None
    """Shares divided by usage, above 1 if less than its share was used; None if nothing
    was used or it is unknown."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much a project may use, and how much of it is used."""

    cpu_seconds: float | None = None
    """CPU seconds granted; None without a limit."""
    node_seconds: float | None = None
    """Node seconds granted; None without a limit."""
    gpu_seconds: float | None = None
    """GPU seconds granted; None without a limit."""
    used: Amount | None = None
    """What was used of it, also by the projects below, as the scheduler counts it. If
    it is None, the book returns the recorded usage from the first to the last day."""
    starts_on: int | None = None
    """First day; None if it is open."""
    ends_on: int | None = None
    """Last day; None if it is open."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a project."""

    person: str
    """Account of the person."""
    partition: str = ""
    """The only partition in which this membership counts; empty for all."""
    belongs: bool = True
    """Whether the person's jobs may be charged to the project; a coordinator's need
    not."""
    coordinator: bool = False
    """Whether the person coordinates the project and sees everyone's usage of it."""
    limits: Limits = Limits()
    """Limits of the membership."""
    fair_share: FairShare | None = None
    """Fair share of the membership; None if unknown."""


@dataclass(frozen=True, slots=True)
class Project:
    """What is charged for jobs: a Slurm account, or one that administrators keep."""

    system: str
    """Name of the system."""
    name: str
    """Name that jobs give to be charged to it."""
    title: str = ""
    """Description for people."""
    organization: str = ""
    """Organization that it belongs to."""
    parent: str = ""
    """Project above it; empty if there is none."""
    allocation: Allocation | None = None
    """What it may use; None without any limit."""
    limits: Limits = Limits()
    """Limits of all its jobs together."""
    fair_share: FairShare | None = None
    """Fair share among the projects of the same parent; None if unknown."""
    members: Sequence[Member] = ()
    """Its people, as far as the viewer may see them."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: everything is visible to administrators only."""

    person: str
    """Account of the person."""
    all: bool = False
    """Whether the person sees all projects and people."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Which usage to sum, and by what."""

    by: Sequence[By]
    """What each line of the answer stands for, at least one."""
    first: int
    """First day."""
    last: int
    """Last day, which is included."""
    system: str = ""
    """Only of this system; empty for all."""
    project: str = ""
    """Only of this project; empty for all."""
    person: str = ""
    """Only of this person; empty for all."""
    partition: str = ""
    """Only in this partition; empty for all."""

    @property
    def names_people(self) -> bool:
        """Whether the answer tells what single people used."""
        return bool(self.person) or By.PERSON in self.by


@dataclass(frozen=True, slots=True)
class UsageLine:
    """A sum of usage."""

    keys: Mapping[By, str]
    """What it is the sum of; days are dates (``2026-11-29``), months ``2026-11``."""
    amount: Amount
    """The sum."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the usage of a system is known."""

    system: str
    """Name of the system."""
    as_of: float | None
    """When it was last read, seconds since 1970 UTC; None if never."""
    since: int | None
    """First day from which on it is known without a gap; None if there is none."""
    kept: bool
    """Whether administrators keep its projects here."""
    failure: str = ""
    """Why it is old or not complete; empty if it is neither."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a scheduler states about its projects."""

    projects: Sequence[Project] = field(default_factory=tuple)
    """All projects with their members."""
    failure: str = ""
    """What is missing in it and in the usage, and what to do; empty if nothing is."""


def day_of(text: str) -> int:
    """Return the number of a day given as ``2026-11-29``.

    Raises
    ------
    ValueError
        The text is no date.
    """
    return date.fromisoformat(text).toordinal() - _EPOCH


def day_text(day: int) -> str:
    """Return the date of a day as ``2026-11-29``."""
    return date.fromordinal(day + _EPOCH).isoformat()
