"""ZIP and tar archives of folders, created while they are sent."""

from gatewright.faces.api.archives.answer import ArchiveFormat, archive_response

__all__ = ["ArchiveFormat", "archive_response"]
