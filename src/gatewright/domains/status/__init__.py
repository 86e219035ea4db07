"""Status of the systems: what administrators announce, and what it means for users."""

from gatewright.domains.status.meaning import (
    Availability,
    availability,
    status_of,
)
from gatewright.domains.status.model import (
    Announcement,
    Change,
    Kind,
    Phase,
    Service,
    Severity,
    Update,
    Wanted,
)
from gatewright.domains.status.ports import AnnouncementBook
from gatewright.domains.status.service import MOST_SHOWN, Announcements
from gatewright.domains.status.writing import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_UPDATES,
    Edit,
)

__all__ = [
    "LONGEST_TEXT",
    "LONGEST_TITLE",
    "MOST_SHOWN",
    "MOST_UPDATES",
    "Announcement",
    "AnnouncementBook",
    "Announcements",
    "Availability",
    "Change",
    "Edit",
    "Kind",
    "Phase",
    "Service",
    "Severity",
    "Update",
    "Wanted",
    "availability",
    "status_of",
]
