"""What announcements mean for systems and services."""

from dataclasses import replace

import pytest

from gatewright.domains.status import (
    Announcement,
    Availability,
    Kind,
    Phase,
    Service,
    Severity,
    availability,
    status_of,
)

NOW = 1000.0
ALL = Announcement(
    id="i-1",
    kind=Kind.OUTAGE,
    severity=Severity.DOWN,
    title="Power",
    text="",
    systems=(),
    services=(),
    begins_at=900.0,
    ends_at=1100.0,
    takes_jobs=False,
)
CLUSTER = replace(ALL, systems=("cluster",), title="Cluster")
IMAGES = replace(ALL, services=(Service.IMAGES,), title="Images")


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        (899.0, Phase.PLANNED),
        (900.0, Phase.CURRENT),
        (1099.0, Phase.CURRENT),
        (1100.0, Phase.PAST),
    ],
)
def test_phases(now: float, phase: Phase) -> None:
    assert ALL.phase(now) is phase
    without_end = replace(ALL, ends_at=None)
    assert without_end.phase(now) is (
        Phase.PLANNED if phase is Phase.PLANNED else Phase.CURRENT
    )


def test_what_is_concerned() -> None:
    assert ALL.concerns("cluster")
    assert ALL.concerns_service(Service.IMAGES)
    assert CLUSTER.concerns("cluster")
    assert not CLUSTER.concerns("local")
    assert not CLUSTER.concerns_service(Service.IMAGES)
    assert not IMAGES.concerns("cluster")
    assert IMAGES.concerns_service(Service.IMAGES)
    assert not IMAGES.concerns_service(Service.FILES)


def test_which_systems_take_no_jobs() -> None:
    assert ALL.closes_jobs_of("cluster")
    assert CLUSTER.closes_jobs_of("cluster")
    assert not CLUSTER.closes_jobs_of("local")
    assert not IMAGES.closes_jobs_of("cluster")
    assert replace(ALL, services=(Service.JOBS,)).closes_jobs_of("cluster")
    both = replace(CLUSTER, services=(Service.JOBS,))
    assert not both.closes_jobs_of("local")
    assert not replace(ALL, takes_jobs=True).closes_jobs_of("cluster")


@pytest.mark.parametrize(
    ("probed", "severity", "status"),
    [
        ("up", None, "up"),
        ("up", Severity.INFO, "up"),
        ("up", Severity.DEGRADED, "degraded"),
        ("up", Severity.DOWN, "down"),
        ("down", Severity.DEGRADED, "down"),
        ("degraded", Severity.INFO, "degraded"),
    ],
)
def test_an_announcement_makes_the_status_worse_and_never_better(
    probed: str, severity: Severity | None, status: str
) -> None:
    told = [] if severity is None else [replace(CLUSTER, severity=severity)]
    assert status_of("cluster", probed, told) == status
    assert status_of("local", probed, told) == probed


@pytest.mark.parametrize(
    ("services", "severity", "status"),
    [
        ([Service.FILES], Severity.DOWN, "degraded"),
        ([Service.FILES], Severity.INFO, "up"),
        ([Service.JOBS, Service.STORE], Severity.DOWN, "degraded"),
        ([Service.JOBS, Service.FILES], Severity.DOWN, "down"),
    ],
)
def test_a_system_of_which_a_part_is_down(
    services: list[Service], severity: Severity, status: str
) -> None:
    told = replace(CLUSTER, services=tuple(services), severity=severity)
    assert status_of("cluster", "up", [told]) == status


def test_a_service_that_is_down() -> None:
    later = replace(IMAGES, ends_at=1500.0, title="More")
    assert availability([IMAGES, later, CLUSTER], Service.IMAGES, NOW) == Availability(
        available=False, down_at=None, back_at=1500.0, notes=["Images", "More"]
    )
    open_end = replace(later, ends_at=None)
    found = availability([IMAGES, open_end], Service.IMAGES, NOW)
    assert (found.available, found.back_at) == (False, None)


def test_a_service_that_will_be_down() -> None:
    soon = replace(IMAGES, begins_at=2000.0, ends_at=2100.0, title="Soon")
    later = replace(IMAGES, begins_at=3000.0, ends_at=3100.0, title="Later")
    slow = replace(IMAGES, severity=Severity.DEGRADED, title="Slow")
    assert availability([later, soon, slow], Service.IMAGES, NOW) == Availability(
        available=True, down_at=2000.0, back_at=2100.0, notes=["Later", "Soon", "Slow"]
    )
    assert availability([slow], Service.IMAGES, NOW) == Availability(
        available=True, down_at=None, back_at=None, notes=["Slow"]
    )


def test_a_service_that_will_be_down_from_the_epoch_on() -> None:
    """Zero is a time, and not nothing."""
    first = replace(IMAGES, begins_at=0.0, ends_at=1.0)
    found = availability([first], Service.IMAGES, -1.0)
    assert (found.down_at, found.back_at) == (0.0, 1.0)
