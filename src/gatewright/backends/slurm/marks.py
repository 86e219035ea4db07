"""Marks by which the gateway recognises its jobs in Slurm, whose ids are not reliable.

A controller that was killed forgets jobs that it had accepted, and assigns their ids
again. So the comment of a job holds the gateway's own name of the submission, and an id
is only accepted together with this comment and the job's account. Where accounting
keeps no comments, it is read from the command that submitted the job.
"""

import hashlib
from dataclasses import dataclass

from typing_extensions import override

from gatewright.domains.compute import Submission

_BEGINNING = "gw"


@dataclass(frozen=True, slots=True)
class Mark:
    """The content of a job's comment: ``gw:NAME:USER``."""

    name: str
    """Name of the submission, which the elements of an array share."""
    user: str
    """Owner of the job in the gateway."""

    @property
    def comment(self) -> str:
        """Text of the comment."""
        return f"{_BEGINNING}:{self.name}:{self.user}"


def mark_in(comment: str) -> Mark | None:
    """Return the mark in a comment; None if the comment is not the gateway's."""
    parts = comment.split(":", 2)
    if len(parts) != 3 or parts[0] != _BEGINNING or not parts[1].isalnum():
        return None
    return Mark(parts[1], parts[2])


def comment_in(line: str) -> str:
    """Return the comment in the command line that submitted a job; "" without one.

    The gateway gives the comment before all that a person has written.
    """
    return line.partition(" --comment=")[2].partition(" ")[0]


def mark_of(submission: Submission) -> Mark:
    """Return the mark of a submission.

    The mark of an array is derived from what its elements share, so that it is the same
    when some of them are submitted again.
    """
    if submission.array_index is None:
        return Mark(submission.uuid, submission.user)
    shared = (
        submission.system,
        submission.user,
        submission.array_id,
        submission.submitted_at,
    )
    digest = hashlib.sha256(repr(shared).encode()).hexdigest()
    return Mark(f"a{digest[:32]}", submission.user)


@dataclass(frozen=True, slots=True)
class NativeId:
    """Identifies a job of the gateway in Slurm, as ``NUMBER/NAME/ACCOUNT/USER``."""

    number: str
    """Slurm's id, with ``_INDEX`` for an element of an array."""
    name: str
    """Name of the submission, as in the mark."""
    account: str
    """Unix account that the job runs under."""
    user: str
    """Owner of the job in the gateway."""

    @override
    def __str__(self) -> str:
        return f"{self.number}/{self.name}/{self.account}/{self.user}"

    @property
    def mark(self) -> Mark:
        """The mark that the job's comment must have."""
        return Mark(self.name, self.user)

    @property
    def index(self) -> str:
        """Index in the array; empty for a job outside of arrays."""
        return self.number.partition("_")[2]


def native_id(text: str) -> NativeId | None:
    """Return the id that a text holds; None if it has another form."""
    parts = text.split("/", 3)
    return NativeId(*parts) if len(parts) == 4 else None
