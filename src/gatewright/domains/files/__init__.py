"""Files and commands on the systems, with the rights of the caller's account."""

from gatewright.domains.files.commands import CommandService
from gatewright.domains.files.folders import Member, Missing
from gatewright.domains.files.model import (
    ANY_STATE,
    Algorithm,
    Checksum,
    Command,
    Entry,
    FileType,
    Home,
    Listing,
    Outcome,
    Precondition,
    Space,
    Stored,
)
from gatewright.domains.files.ports import (
    CommandRunner,
    FileSystem,
    OpenFile,
    Writing,
)
from gatewright.domains.files.service import FileService

__all__ = [
    "ANY_STATE",
    "Algorithm",
    "Checksum",
    "Command",
    "CommandRunner",
    "CommandService",
    "Entry",
    "FileService",
    "FileSystem",
    "FileType",
    "Home",
    "Listing",
    "Member",
    "Missing",
    "OpenFile",
    "Outcome",
    "Precondition",
    "Space",
    "Stored",
    "Writing",
]
