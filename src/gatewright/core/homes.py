"""Functions that find a user's home folder on a system."""

from collections.abc import Awaitable, Callable
from pathlib import Path

Homes = Callable[[str], Awaitable[Path]]
"""Returns a user's home folder on one system, as an absolute path.

It is called for each request, since an account may be new or its home may have moved.
It raises `NotAllowed` if the user has no home on the system.
"""


def one_home(folder: Path) -> Homes:
    """Return a function that gives every user of a system the same home folder."""

    async def home(user: str) -> Path:
        return folder

    return home
