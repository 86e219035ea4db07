"""Opens a scheduler's or a file system's plug-in as a gateway does, for its tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gatewright.backends.plugin import Setting
from gatewright.backends.worker import OneWorker, open_worker
from gatewright.core.clock import system_clock
from gatewright.core.config import Section


@asynccontextmanager
async def setting_for(
    model: type[Section], folder: Path, **options: Any
) -> AsyncIterator[Setting[Any]]:
    """Yield the system ``test`` as its plug-in gets it.

    Its home is ``home`` below the folder, its state ``state``; a worker acts for every
    user. The options are those of the system's table, checked by the plug-in's model.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    async with open_worker() as worker:
        yield Setting(
            name="test",
            home=home,
            options=model.model_validate(options),
            state=folder / "state",
            workers=OneWorker(worker),
            clock=system_clock,
        )
