"""The event log on both databases."""

from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Any

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.events import SqlEventLog
from gatewright.core.events import EventLog
from gatewright.testing.event_log import EventLogContract


@pytest.fixture
def make_log(
    databases: tuple[Database, Database],
) -> Callable[..., Awaitable[EventLog]]:
    handles = cycle(databases)

    async def make(**keywords: Any) -> EventLog:
        return SqlEventLog(next(handles), **keywords)

    return make


class TestEventLog(EventLogContract):
    pass
