"""Opens a scheduler's or a file system's plug-in as a gateway does, for its tests."""

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
    """Yield the system ``test`` as its plug-in gets it.

    Everyone's home is ``home`` below the folder, its state ``state``; one worker acts
    for all. The options are those of the system's table; the plug-in's model checks
    them.
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
    """The lease of a test's one process, which always has it."""

    name: str
    """Name of the work."""
    held: bool = True
    """Whether this process has it."""

    def holding(self) -> AbstractAsyncContextManager[None]:
        """Return at once."""
        return nullcontext()
