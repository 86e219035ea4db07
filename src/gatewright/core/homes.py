"""Whose home is where."""

from collections.abc import Awaitable, Callable
from pathlib import Path

Homes = Callable[[str], Awaitable[Path]]
"""Returns a user's home folder on one system, absolute.

It is asked anew for each request: an account may be new, or moved. `NotAllowed` says
that the user has no home there.
"""


def one_home(folder: Path) -> Homes:
    """Return a function that gives the same folder to every user of a system."""

    async def home(user: str) -> Path:
        return folder

    return home
