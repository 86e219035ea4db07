"""A scheduler that does as the test says, over the real tables."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
from tests.support.app import caller
from tests.support.migrated import open_migrated

from gatewright.backends.sql.events import SqlEventLog
from gatewright.backends.sql.job_tokens import SqlJobTokenTable
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.core.caller import Caller
from gatewright.core.errors import GatewayError, NotFound
from gatewright.core.events import EventHub
from gatewright.core.homes import one_home
from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    Capabilities,
    Changes,
    ComputeSystem,
    Estimate,
    IssuedToken,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    JobTokens,
    Order,
    OutputFile,
    QueuedJob,
    Snapshot,
    Submission,
    TokenRequest,
)

ADA = caller("ada")
SPEC = JobSpec(executable="/usr/bin/true")


class Issuer:
    """Makes and ends tokens; those that have not ended are in ``alive``."""

    def __init__(self) -> None:
        self.alive: dict[str, TokenRequest] = {}
        self.fails: GatewayError | None = None

    async def issue(
        self, caller: Caller, request: TokenRequest, name: str
    ) -> IssuedToken:
        if self.fails is not None:
            raise self.fails
        for scope in request.scopes:
            caller.require(scope)
        key = new_id()
        self.alive[key] = request
        return IssuedToken(key, f"gw_{key}.secret of {name}")

    async def end(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.alive.pop(key, None)


class Files:
    """Keeps the files of tokens in ``there``."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str], str] = {}
        self.fails: BaseException | None = None

    async def write(self, user: str, path: str, text: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.there[user, path] = text

    async def remove(self, user: str, path: str) -> None:
        if self.fails is not None:
            raise self.fails
        if self.there.pop((user, path), None) is None:
            raise NotFound("gone")


class ToldScheduler:
    """Implements the port; what it says is set by the test."""

    def __init__(self) -> None:
        self.capabilities = Capabilities(cores=4, memory_bytes=1 << 30)
        self.submissions: list[Submission] = []
        self.tried: list[Sequence[Submission]] = []
        self.known: dict[str, JobStatus] = {}
        self.fails: GatewayError | None = None
        self.refuses: dict[str, GatewayError] = {}
        self.forgotten: list[str] = []
        self.asked: list[tuple[str, str, str]] = []
        self.looks: list[tuple[str, tuple[str, ...]]] = []
        self.news: asyncio.Queue[Changes] = asyncio.Queue()

    def name_in(self, script: str) -> str:
        return script.partition("# name: ")[2].rstrip()

    async def check(self, submission: Submission) -> None:
        pass

    async def estimate(self, elements: Sequence[Submission]) -> Estimate:
        self.tried.append(elements)
        if elements[0].name in self.refuses:
            raise self.refuses[elements[0].name]
        return Estimate(1000.0, elements[0].spec.resources.cores, "n1", "batch")

    async def submit(
        self, user: str, submissions: Sequence[Submission]
    ) -> Sequence[JobStatus | GatewayError]:
        if self.fails is not None:
            raise self.fails
        return [self._take(user, one) for one in submissions]

    def _take(self, user: str, one: Submission) -> JobStatus | GatewayError:
        if one.name in self.refuses:
            return self.refuses[one.name]
        assert one.user == user
        self.submissions.append(one)
        state = JobState.HELD if one.spec.hold else JobState.QUEUED
        self.known[one.uuid] = JobStatus(one.uuid, state, "PENDING")
        return self.known[one.uuid]

    async def status(
        self, user: str, native_ids: Sequence[str]
    ) -> Mapping[str, JobStatus]:
        self.looks.append((user, tuple(native_ids)))
        return {n: self.known[n] for n in native_ids if n in self.known}

    async def snapshot(self) -> Snapshot:
        jobs = [QueuedJob(status, "bob", "b", 3, 5.0) for status in self.known.values()]
        return Snapshot(7.0, jobs)

    async def changes(self) -> AsyncGenerator[Changes, None]:
        while True:
            yield await self.news.get()

    async def forget(self, native_ids: Sequence[str]) -> None:
        self.forgotten += native_ids

    async def order(self, user: str, native_ids: Sequence[str], order: Order) -> None:
        self.asked += [(order.kind, user, native_id) for native_id in native_ids]

    async def cancel(self, user: str, native_ids: Sequence[str]) -> None:
        self.asked += ((user, "cancel", n) for n in native_ids)

    async def hold(self, user: str, native_ids: Sequence[str]) -> None:
        self.asked += ((user, "hold", n) for n in native_ids)

    async def release(self, user: str, native_ids: Sequence[str]) -> None:
        self.asked += ((user, "release", n) for n in native_ids)


class NoOutput:
    """Job output of which there is none."""

    async def open(self, system: str, user: str, path: str) -> OutputFile:
        raise NotFound("none")


class SetClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def scheduler() -> ToldScheduler:
    return ToldScheduler()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await open_migrated(tmp_path / "state.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
def table(database: SqliteDatabase) -> SqlJobTable:
    return SqlJobTable(database)


@pytest.fixture
def events(database: SqliteDatabase) -> EventHub:
    return EventHub(SqlEventLog(database))


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def tokens(
    database: SqliteDatabase, issuer: Issuer, files: Files, clock: SetClock
) -> JobTokens:
    return JobTokens(SqlJobTokenTable(database), issuer, files, clock)


@pytest.fixture
def jobs(
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    tokens: JobTokens,
    clock: SetClock,
) -> JobService:
    system = ComputeSystem("local", one_home(Path("/home/ada")))
    systems = {"local": (system, scheduler)}
    return JobService(
        systems, table, events, NoOutput(), tokens, in_flight=20, clock=clock
    )
