"""Intents that have ended as a table."""

from collections.abc import Sequence
from typing import Protocol

from gatewright.backends.sql.database import Batch, Database, Statement, Work

_ADD = """
INSERT INTO ended_intent (account, name, expires_at) VALUES (?, ?, ?)
ON CONFLICT (account, name) DO UPDATE SET expires_at = excluded.expires_at
WHERE ended_intent.expires_at < excluded.expires_at
"""
_FORGET = "DELETE FROM ended_intent WHERE expires_at < ?"
_HAS = "SELECT name FROM ended_intent WHERE account = ? AND name = ?"


class Ended(Protocol):
    """What is stored of an intent."""

    @property
    def user(self) -> str:
        """Account of the person."""

    @property
    def name(self) -> str:
        """Name of the intent, unique for the person."""

    @property
    def until(self) -> float:
        """End of its grant, seconds since 1970 UTC."""


class SqlEndedIntents:
    """Stores in a database the intents that have ended before their grants do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, ended: Sequence[Ended], now: float) -> None:
        """Keep intents until the ends of their grants; forget others after theirs."""

        def work() -> Work[None]:
            yield Statement(_FORGET, (now,))
            yield Batch(_ADD, [(one.user, one.name, one.until) for one in ended])

        await self._database.run(work)

    async def has(self, intent: Ended) -> bool:
        """Return whether an intent has ended."""
        return bool(await self._database.read(_HAS, intent.user, intent.name))
