"""A database from before the accounting keeps its jobs, and their usage counts."""

from tests.backends.sql.databases import Opener

from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.backends.sql.database import Statement, Work
from gatewright.backends.sql.job_usage import SqlJobUsage
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.sql.migrations import Dialect, migrate, schema_files
from gatewright.domains.accounting import (
    Allocation,
    Amount,
    By,
    Keeper,
    Member,
    Project,
    UsageQuery,
    Use,
    Viewer,
)
from gatewright.domains.compute import JobState

SPEC = """{"executable": "true", "attributes": {"project_name": "night"},
    "resources": {"process_count": 2, "node_count": 1, "cpu_cores_per_process": 3,
    "gpu_cores_per_process": 1}}"""
JOB = """
INSERT INTO jobs (number, array_index, uuid, system, owner, name, state, native_state,
    lease, directory, stdout_path, stderr_path, submitted_at, started_at, ended_at,
    reason, wall_seconds, cpu_seconds, peak_memory_bytes)
VALUES (?, -1, ?, 'local', 'ann', 'n', ?, '', 0, '/', '/o', '/e', 5.0, ?, ?, '', 0.0,
    0.0, 0)
"""
DAY = 86_400.0


def old_jobs() -> Work[None]:
    """Add a job over midnight, one that runs, and one that waits."""
    for number, state, start, end in (
        (1, "completed", DAY - 100.0, DAY + 50.0),
        (2, "active", DAY + 10.0, None),
        (3, "queued", None, None),
    ):
        yield Statement(
            "INSERT INTO job_submissions (system, owner, spec) VALUES (?, ?, ?)",
            ("local", "ann", SPEC),
        )
        yield Statement(JOB, (number, f"u{number}", state, start, end))


async def test_a_database_from_before(backend: tuple[Opener, Dialect]) -> None:
    open_database, dialect = backend
    schema = schema_files()
    before = {name: text for name, text in schema.items() if name < "0070"}
    database = await open_database()
    await migrate(database, dialect, before)
    await database.run(old_jobs)
    assert await migrate(database, dialect) == [n for n in schema if n not in before]
    assert await migrate(database, dialect) == []
    jobs = await SqlJobTable(database).open_jobs("local")
    assert [(job.id, job.state, job.uuid, job.started_at) for job in jobs] == [
        ("2", JobState.ACTIVE, "u2", DAY + 10.0),
        ("3", JobState.QUEUED, "u3", None),
    ]
    for job in jobs:
        assert (job.directory, job.stdout_path, job.stderr_path) == ("/", "/o", "/e")
        assert job.spec.attributes.project_name == "night"
        assert job.spec.resources.process_count == 2
        assert (job.usage.nodes, job.usage.limit_seconds) == (0, None)
    source = SqlJobUsage(database, "local")
    # Two processes of three cores and a GPU, on one node.
    (first,) = await source.usage(0.0, DAY)
    assert first == Use("night", "ann", "", Amount(600.0, 100.0, 200.0, 100.0, 0))
    (second,) = await source.usage(DAY, DAY + 100.0)
    assert second.amount == Amount(140 * 6.0, 140.0, 280.0, 140.0, 1)
    book = SqlAccountBook(database)
    keeper = Keeper("local", source, book, lambda: DAY + 100.0)
    await keeper.look()
    grant, members = Allocation(1e6), (Member("ann"),)
    await book.keep(Project("local", "night", allocation=grant, members=members))
    (found,) = (await book.projects(Viewer("ann"), 5, None)).items
    assert found.allocation is not None
    assert found.allocation.used == first.amount + second.amount
    page = await book.usage(Viewer("ann"), UsageQuery((By.DAY,), 0, 1), 5, None)
    assert [line.keys[By.DAY] for line in page.items] == ["1970-01-01", "1970-01-02"]
    await database.close()
