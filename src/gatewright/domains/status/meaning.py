"""What announcements mean for the status of a system or a service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gatewright.domains.status.model import Announcement, Phase, Service, Severity

_STATUSES: Final = ("up", "degraded", "down")
"""Statuses of a system, each beside the severity of the same rank."""
_PARTS: Final = frozenset({Service.FILES, Service.JOBS})
"""Services that a system is down without."""


def status_of(system: str, probed: str, current: Iterable[Announcement]) -> str:
    """Return a system's status: as probed, or worse if a current announcement says so.

    ``probed`` and the status are “up”, “degraded” or “down”. Where only some services
    of a system are down it is degraded, as when the gateway finds that.
    """
    ranks = [
        min(one.severity.rank, Severity.DEGRADED.rank)
        if one.services and not _PARTS.issubset(one.services)
        else one.severity.rank
        for one in current
        if one.concerns(system)
    ]
    return _STATUSES[max(_STATUSES.index(probed), *ranks, 0)]


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a service can be used, as VOSI 1.1 (section 5) tells it."""

    available: bool
    """Whether it can be used now, as far as it is announced."""
    down_at: float | None
    """When it will be down next; None if nothing is planned, or if it is down now."""
    back_at: float | None
    """When it will be back after that; None if that is not known."""
    notes: Sequence[str]
    """Titles of what concerns it, now and later."""


def availability(
    announcements: Sequence[Announcement], service: Service, now: float
) -> Availability:
    """Return what current and planned announcements mean for a service."""
    told = [one for one in announcements if one.concerns_service(service)]
    notes = [one.title for one in told]
    down = [one for one in told if one.severity is Severity.DOWN]
    current = [one for one in down if one.phase(now) is Phase.CURRENT]
    if current:
        # It is back when the last of them has ended, if all have an end.
        ends = [one.ends_at for one in current if one.ends_at is not None]
        back_at = max(ends) if len(ends) == len(current) else None
        return Availability(available=False, down_at=None, back_at=back_at, notes=notes)
    after = min(down, key=lambda one: one.begins_at, default=None)
    return Availability(
        available=True,
        down_at=after.begins_at if after else None,
        back_at=after.ends_at if after else None,
        notes=notes,
    )
