"""Opens the plug-in of a scheduler or a file system as a gateway does, for tests."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.backends.plugin import Setting
from gatewright.backends.worker import OneWorker, open_worker
from gatewright.core.clock import system_clock
from gatewright.core.config import Section
from gatewright.core.homes import one_home


@asynccontextmanager
async def setting_for(
    model: type[Section], folder: Path, **options: Any
) -> AsyncIterator[Setting[Any]]:
    """Yield the settings of a system ``test`` for its plug-in.

    All users have the home ``home`` below ``folder``, the state folder is ``state``,
    and one worker acts for all of them. ``options`` are the system's own settings,
    which the plug-in's model validates.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    async with open_worker() as worker:
        yield Setting(
            name="test",
            home=one_home(home),
            options=model.model_validate(options),
            state=folder / "state",
            workers=OneWorker(worker),
            service_account="gatewright",
            lease=SoleLease("systems/test"),
            clock=system_clock,
        )


@dataclass(frozen=True, slots=True)
class SoleLease:
    """The lease of a single process, which always holds it."""

    name: str
    """Name of the work."""
    held: bool = True
    """Whether this process holds the lease."""

    def holding(self) -> AbstractAsyncContextManager[None]:
        """Return a context that is entered at once."""
        return nullcontext()
