"""How a job of the gateway's is known again in Slurm, whose ids are not enough.

A controller that was killed forgets jobs that it had acknowledged, and gives their ids
to others. So the gateway's own name of a submission stands in the job's comment, and an
id counts only together with it and with the account that the job runs for.
"""

import hashlib
from dataclasses import dataclass

from typing_extensions import override

from gatewright.domains.compute import Submission

_BEGINNING = "gw"


@dataclass(frozen=True, slots=True)
class Mark:
    """What the comment of a job says of it: ``gw:NAME:USER``."""

    name: str
    """Name of the submission; the elements of an array share one."""
    user: str
    """Whose job it is in the gateway."""

    @property
    def comment(self) -> str:
        """The text of the comment."""
        return f"{_BEGINNING}:{self.name}:{self.user}"


def mark_in(comment: str) -> Mark | None:
    """Return the mark in a comment, None in one that is not the gateway's."""
    parts = comment.split(":", 2)
    if len(parts) != 3 or parts[0] != _BEGINNING or not parts[1].isalnum():
        return None
    return Mark(parts[1], parts[2])


def mark_of(submission: Submission) -> Mark:
    """Return the mark of a submission.

    That of an array's elements is made of what they share, so that it is the same when
    some of them are submitted again.
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
    """A job of the gateway's as its records name it: ``NUMBER/NAME/ACCOUNT/USER``."""

    number: str
    """Slurm's id, with ``_INDEX`` for an element of an array."""
    name: str
    """Name of the submission, as in its mark."""
    account: str
    """Unix account that it runs for."""
    user: str
    """Whose job it is in the gateway."""

    @override
    def __str__(self) -> str:
        return f"{self.number}/{self.name}/{self.account}/{self.user}"

    @property
    def mark(self) -> Mark:
        """The mark that the job's comment must have."""
        return Mark(self.name, self.user)

    @property
    def index(self) -> str:
        """Index of an element within its array; empty for a job alone."""
        return self.number.partition("_")[2]


def native_id(text: str) -> NativeId | None:
    """Return the id that a record names, None for what is none of Slurm's."""
    parts = text.split("/", 3)
    return NativeId(*parts) if len(parts) == 4 else None
