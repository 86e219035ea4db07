"""Scores of stored candidates, brought to the version of the classifier in use.

Which candidates have yet to be scored follows from the candidates themselves, so that
nothing has to be remembered over a kill: they are those of the sources that the
classifier is to score whose score another version gave, or none.
"""

from collections.abc import Mapping, Sequence

import msgspec

from gatewright.backends.sql.database import Batch, Database, Row, Statement, Work
from gatewright.domains.discovery import Unscored

_SOURCES = "SELECT number, science FROM candidate_source"
_ACTIVE = "SELECT survey, id FROM classifier WHERE active = 1"
_OTHERS = """
SELECT o.id FROM classifier o JOIN classifier c ON c.survey = o.survey AND c.id <> o.id
WHERE c.id = ?
"""
_TOTAL = """
UPDATE classifier SET to_rescore = rescored + ? WHERE id = ? AND rescoring = 1
"""
_COUNT = """
UPDATE classifier SET rescored = rescored + ? WHERE id = ? AND active = 1 RETURNING id
"""
_SCORE = "UPDATE candidate SET score = ?, classifier = ? WHERE id = ?"
_END = """
UPDATE classifier SET rescoring = 0 WHERE id = ? AND rescoring = 1 RETURNING id
"""
_BEGIN = """
UPDATE classifier SET rescoring = 1,
    rescored = CASE WHEN rescoring = 1 THEN rescored ELSE 0 END,
    to_rescore = CASE WHEN rescoring = 1 THEN to_rescore ELSE 0 END
WHERE id = ?
"""

Part = tuple[str, tuple[object, ...]]
"""A condition on candidates that an index serves, and its values."""


class SqlScores:
    """Implements :class:`gatewright.domains.discovery.ScoreStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, classifier: str) -> int:
        left = 0
        # Counting millions takes a second: it is no part of a transaction.
        for condition, values in await self._database.run(lambda: _parts(classifier)):
            text = f"SELECT COUNT(*) AS many FROM candidate WHERE {condition}"  # noqa: S608  # own names
            left += (await self._database.read(text, *values))[0]["many"]

        def work() -> Work[None]:
            yield Statement(_TOTAL, (left, classifier))

        await self._database.run(work)
        return left

    async def some(self, classifier: str, limit: int) -> Sequence[Unscored]:
        found: list[Unscored] = []
        for condition, values in await self._database.run(lambda: _parts(classifier)):
            text = f"SELECT id, features FROM candidate WHERE {condition} LIMIT ?"  # noqa: S608  # own names
            rows = await self._database.read(text, *values, limit - len(found))
            found += map(_unscored, rows)
            if len(found) == limit:
                break
        return found

    async def give(self, classifier: str, scores: Mapping[str, float | None]) -> bool:
        rows = [(score, classifier, name) for name, score in scores.items()]

        def work() -> Work[bool]:
            if not (yield Statement(_COUNT, (len(rows), classifier))):
                return False
            yield Batch(_SCORE, rows)
            return True

        return await self._database.run(work)

    async def end(self, classifier: str) -> bool:
        def work() -> Work[bool]:
            for condition, values in (yield from _parts(classifier)):
                text = f"SELECT 1 FROM candidate WHERE {condition} LIMIT 1"  # noqa: S608  # own names
                if (yield Statement(text, values)):
                    return False
            return bool((yield Statement(_END, (classifier,))))

        return await self._database.run(work)


def check_version(classifier: str | None, science: Sequence[str]) -> Work[None]:
    """Let new candidates be scored anew if another version came into use meanwhile.

    ``classifier`` gave their scores, and ``science`` are the surveys of their science
    images in order.
    """
    rows = yield Statement(_ACTIVE)
    wanted = _first(science, {row["survey"]: row["id"] for row in rows})
    if wanted is not None and wanted != classifier:
        yield Statement(_BEGIN, (wanted,))


def _parts(classifier: str) -> Work[list[Part]]:
    """Return the conditions that a classifier's candidates without its score fulfil.

    Ranges of the index, since no database finds what is *not* equal by an index.
    """
    active = {row["survey"]: row["id"] for row in (yield Statement(_ACTIVE))}
    if classifier not in active.values():
        return []
    others = [row["id"] for row in (yield Statement(_OTHERS, (classifier,)))]
    parts: list[Part] = []
    for row in (yield Statement(_SOURCES)):
        number, science = row["number"], _names(row["science"])
        if science is None:
            # It is not known who is to score it: who has is followed by its versions.
            parts += [("source = ? AND classifier = ?", (number, n)) for n in others]
        elif _first(science, active) == classifier:
            parts += [
                ("source = ? AND classifier IS NULL", (number,)),
                ("source = ? AND classifier < ?", (number, classifier)),
                ("source = ? AND classifier > ?", (number, classifier)),
            ]
    return parts


def _first(science: Sequence[str], active: Mapping[str, str]) -> str | None:
    return next((active[survey] for survey in science if survey in active), None)


def _names(text: str | None) -> Sequence[str] | None:
    """Return the surveys of a source; None if they are not known, or damaged."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=list[str])
    except (msgspec.DecodeError, RecursionError):
        return None


def _unscored(row: Row) -> Unscored:
    """Return a candidate; one whose features are damaged has none."""
    try:
        features = msgspec.json.decode(row["features"], type=dict[str, float | None])
    except (msgspec.DecodeError, RecursionError):
        features = None
    return Unscored(row["id"], features)
