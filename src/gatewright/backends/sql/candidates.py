"""Candidates, objects, votes and comments in a database."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from gatewright.backends.sql.candidate_adding import KNOWN, adding
from gatewright.backends.sql.candidate_pages import (
    CandidatePage,
    bound_of,
    bound_statements,
    count_statement,
    is_few,
    is_walked,
    page_statement,
)
from gatewright.backends.sql.candidate_rows import (
    Sources,
    candidate_of,
    some_statement,
)
from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Work,
)
from gatewright.backends.sql.records import moment, readable, surveys_of
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.discovery import (
    Candidate,
    CandidateQuery,
    Choice,
    Claim,
    Comment,
    Finding,
    Origin,
    Vote,
)

_SOURCES = "SELECT number, surveys FROM candidate_source ORDER BY number"
_VOTE = """
INSERT INTO candidate_vote (candidate, person, choice, at) VALUES (?, ?, ?, ?)
ON CONFLICT (candidate, person) DO UPDATE SET choice = excluded.choice, at = excluded.at
"""
_HAS_VOTED = "SELECT 1 FROM candidate_vote WHERE candidate = ? AND person = ?"
_TAKE_BACK = "DELETE FROM candidate_vote WHERE candidate = ? AND person = ?"
_VOTES = """
SELECT * FROM candidate_vote WHERE candidate = ? AND (at, person) > (?, ?)
ORDER BY at, person LIMIT ?
"""
_VOTED = """
SELECT c.*, NULL AS mine FROM candidate c
WHERE c.source = ? AND c.votes > 0 ORDER BY c.id LIMIT ?
"""
_COUNT = """
SELECT choice, COUNT(*) AS many FROM candidate_vote WHERE candidate = ? GROUP BY choice
"""
_RECOUNT = """
UPDATE candidate SET votes = ?, votes_real = ?, votes_bogus = ?, votes_unsure = ?
WHERE id = ?
"""
_END_CLAIMS = "DELETE FROM candidate_claim WHERE until <= ?"
_CLAIM = """
INSERT INTO candidate_claim (candidate, person, until) VALUES (?, ?, ?)
ON CONFLICT (candidate) DO UPDATE SET person = excluded.person, until = excluded.until
"""
_CLAIM_FREE = """
INSERT INTO candidate_claim (candidate, person, until) VALUES (?, ?, ?)
ON CONFLICT (candidate) DO UPDATE SET person = excluded.person, until = excluded.until
WHERE candidate_claim.until <= ?
"""
_RELEASE = "DELETE FROM candidate_claim WHERE person = ?"
_SETTLE = "DELETE FROM candidate_claim WHERE candidate = ?"
_COMMENT = """
INSERT INTO candidate_comment (id, candidate, person, words, at) VALUES (?, ?, ?, ?, ?)
"""
_COMMENTS = """
SELECT * FROM candidate_comment WHERE candidate = ? AND id > ? ORDER BY id LIMIT ?
"""
_REMOVE_COMMENT = """
DELETE FROM candidate_comment WHERE id = ? AND candidate = ? AND person = ? RETURNING id
"""


class SqlCandidates:
    """Implements :class:`gatewright.domains.discovery.CandidateStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, origin: Origin, findings: Sequence[Finding]) -> int:
        if not findings or await self.knows(origin.difference):
            return 0
        return await self._database.run(lambda: adding(origin, findings))

    async def knows(self, difference: str) -> bool:
        return bool(await self._database.read(KNOWN, difference))

    async def page(
        self,
        visible: Collection[str],
        query: CandidateQuery,
        *,
        person: str,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Candidate]:
        sources = await visible_sources(self._database, visible)
        wanted = _wanted(sources, query)
        bound = None
        count = count_statement(query)
        counted = (
            [] if count is None else await self._database.read(count[0], *count[1])
        )
        few = is_few(query, counted)
        if wanted and is_walked(query, few=few):
            steps = bound_statements(wanted, query, cursor, few=few)
            ends = [await self._database.read(text, *values) for text, values in steps]
            bound = bound_of([row for rows in ends for row in rows])
        # Without a source the statement is still made: it reads the cursor.
        asked = CandidatePage(
            query, person, limit + 1, cursor, list(sources), bound, few=few
        )
        text, values = page_statement(wanted or [0], asked)
        rows = await self._database.read(text, *values) if wanted else []
        found = _readable(rows[:limit], sources)
        if len(rows) > limit:
            last = rows[limit - 1]
            return Page(found, encode_cursor(last["value"], last["id"]))
        return Page(found, None if bound is None else encode_cursor(*bound))

    async def claim(
        self,
        visible: Collection[str],
        query: CandidateQuery,
        claim: Claim,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Candidate]:
        sources = await visible_sources(self._database, visible)
        wanted = _wanted(sources, query)
        if not wanted:
            return Page([])

        def work() -> Work[Page[Candidate]]:
            yield Lock("claims")
            yield Statement(_END_CLAIMS, (claim.now,))
            yield Statement(_RELEASE, (claim.person,))
            bound, after = None, cursor
            counted: Sequence[Row] = []
            if count := count_statement(query):
                counted = yield Statement(*count)
            few = is_few(query, counted)
            if is_walked(query, few=few):
                ends: list[Row] = []
                for text, values in bound_statements(wanted, query, cursor, few=few):
                    ends += yield Statement(text, values)
                bound = bound_of(ends)
            found: list[Candidate] = []
            asked = CandidatePage(
                query,
                claim.person,
                limit,
                cursor,
                list(sources),
                bound,
                free=True,
                few=few,
            )
            # Those after damaged ones are taken instead: nobody can vote on those.
            while (missing := limit - len(found)) > 0:
                asked = replace(asked, cursor=after, limit=missing)
                text, values = page_statement(wanted, asked)
                rows = yield Statement(text, values)
                found += _readable(rows, sources)
                if len(rows) < missing:
                    break
                after = encode_cursor(rows[-1]["value"], rows[-1]["id"])
            yield Batch(_CLAIM, [(one.id, claim.person, claim.until) for one in found])
            more = bound is not None and len(found) < limit
            return Page(found, encode_cursor(*bound) if bound and more else None)

        return await self._database.run(work)

    async def release(self, person: str) -> None:
        def work() -> Work[None]:
            yield Statement(_RELEASE, (person,))

        await self._database.run(work)

    async def voted(
        self, visible: Collection[str], survey: str, limit: int
    ) -> Sequence[Candidate]:
        sources = {
            source: surveys
            for source, surveys in (
                await visible_sources(self._database, visible)
            ).items()
            if survey in surveys
        }
        found: list[Candidate] = []
        for source in sources:
            rows = await self._database.read(_VOTED, source, limit - len(found))
            found += await asyncio.to_thread(_readable, rows, sources)
        return found

    async def candidate(
        self, visible: Collection[str], candidate: str, person: str
    ) -> Candidate | None:
        found = await self._some("id", candidate, visible, person, 1)
        return found[0] if found else None

    async def members(
        self, visible: Collection[str], sky_object: str, person: str, limit: int
    ) -> Sequence[Candidate]:
        return await self._some("object", sky_object, visible, person, limit)

    async def vote(
        self, candidate: str, person: str, choice: Choice, at: float
    ) -> bool:
        def work() -> Work[bool]:
            yield Lock("votes")
            before = yield Statement(_HAS_VOTED, (candidate, person))
            yield Statement(_VOTE, (candidate, person, str(choice), at))
            yield Statement(_SETTLE, (candidate,))
            yield from _counting(candidate)
            return not before

        return await self._database.run(work)

    async def take_back(self, candidate: str, claim: Claim) -> bool:
        def work() -> Work[bool]:
            yield Lock("votes")
            before = yield Statement(_HAS_VOTED, (candidate, claim.person))
            if not before:
                return False
            yield Statement(_TAKE_BACK, (candidate, claim.person))
            values = (candidate, claim.person, claim.until, claim.now)
            yield Statement(_CLAIM_FREE, values)
            yield from _counting(candidate)
            return True

        return await self._database.run(work)

    async def votes(
        self, candidate: str, limit: int, cursor: str | None = None
    ) -> Page[Vote]:
        at, who = (-1e300, "") if cursor is None else decode_cursor(cursor, float, str)
        assert isinstance(at, int | float)  # noqa: S101  # by decode_cursor
        rows = await self._database.read(_VOTES, candidate, float(at), who, limit + 1)
        found = readable(rows[:limit], _vote, "person")
        if len(rows) <= limit:
            return Page(found)
        last = rows[limit - 1]
        return Page(found, encode_cursor(last["at"], last["person"]))

    async def comment(self, comment: Comment) -> None:
        values = (
            *(comment.id, comment.candidate, comment.person),
            *(comment.text, comment.at),
        )

        def work() -> Work[None]:
            yield Statement(_COMMENT, values)

        await self._database.run(work)

    async def comments(
        self, candidate: str, limit: int, cursor: str | None = None
    ) -> Page[Comment]:
        (after,) = ("",) if cursor is None else decode_cursor(cursor, str)
        rows = await self._database.read(_COMMENTS, candidate, after, limit + 1)
        found = readable(rows[:limit], _comment, "id")
        if len(rows) <= limit:
            return Page(found)
        return Page(found, encode_cursor(rows[limit - 1]["id"]))

    async def remove_comment(self, candidate: str, comment: str, person: str) -> bool:
        def work() -> Work[bool]:
            removed = yield Statement(_REMOVE_COMMENT, (comment, candidate, person))
            return bool(removed)

        return await self._database.run(work)

    async def _some(
        self,
        condition: str,
        value: str,
        visible: Collection[str],
        person: str,
        limit: int,
    ) -> list[Candidate]:
        sources = await visible_sources(self._database, visible)
        if not sources:
            return []
        text, values = some_statement(condition, value, list(sources), person, limit)
        rows = await self._database.read(text, *values)
        return _readable(rows[::-1], sources)


async def visible_sources(database: Database, visible: Collection[str]) -> Sources:
    """Return the sources whose surveys are all visible."""
    rows = await database.read(_SOURCES)
    sources = readable(rows, _source, "number")
    return {
        number: surveys for number, surveys in sources if set(surveys) <= set(visible)
    }


def _readable(rows: Sequence[Row], sources: Sources) -> list[Candidate]:
    """Return the candidates of rows, without those that are damaged."""

    def candidate(row: Row) -> Candidate:
        return candidate_of(row, sources)

    return readable(rows, candidate, "id")


def _source(row: Row) -> tuple[int, Sequence[str]]:
    return row["number"], surveys_of(row)


def _vote(row: Row) -> Vote:
    return Vote(row["person"], Choice(row["choice"]), moment(row["at"]))


def _comment(row: Row) -> Comment:
    return Comment(
        id=row["id"],
        candidate=row["candidate"],
        person=row["person"],
        text=row["words"],
        at=moment(row["at"]),
    )


def _wanted(sources: Sources, query: CandidateQuery) -> list[int]:
    """Return the sources that include at least one of a query's surveys."""
    return [
        source
        for source, surveys in sources.items()
        if not query.surveys or not set(query.surveys).isdisjoint(surveys)
    ]


def _counting(candidate: str) -> Work[None]:
    rows = yield Statement(_COUNT, (candidate,))
    counts = {row["choice"]: row["many"] for row in rows}
    each = [counts.get(str(choice), 0) for choice in Choice]
    yield Statement(_RECOUNT, (sum(each), *each, candidate))
