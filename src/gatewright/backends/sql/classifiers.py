"""Classifiers in a database."""

import json
from collections.abc import Collection, Sequence

import msgspec

from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.core.errors import Conflict
from gatewright.core.ids import new_id
from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    Content,
    Method,
)

_TRAINING = """
SELECT version FROM classifier WHERE survey = ? AND state = 'training' AND until >= ?
"""
_NEXT = "SELECT COALESCE(MAX(version), 0) + 1 AS next FROM classifier WHERE survey = ?"
_ADD = """
INSERT INTO classifier (id, survey, version, method, state, active, owner, created_at,
until, done, total, labels) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, 0, 0, '{}')
"""
_KEEP = "UPDATE classifier SET until = ? WHERE id = ? AND state = 'training'"
_STEP = "UPDATE classifier SET done = ?, total = ? WHERE id = ? AND state = 'training'"
_END = (
    "UPDATE classifier SET state = ?, labels = ?, missed = ?, reason = ? WHERE id = ?"
)
_CONTENT = """
INSERT INTO classifier_content (id, judge, report, material) VALUES (?, ?, ?, ?)
"""
_ACTIVATE = """
UPDATE classifier SET active = CASE WHEN id = ? THEN 1 ELSE 0 END,
    rescoring = CASE WHEN id = ? THEN 1 ELSE 0 END, rescored = 0, to_rescore = 0
WHERE survey = ?
"""
_ONE = "SELECT * FROM classifier WHERE id = ?"
_ACTIVE = "SELECT id FROM classifier WHERE survey = ? AND active = 1"
_RESCORING = """
SELECT * FROM classifier WHERE active = 1 AND rescoring = 1 ORDER BY survey
"""
_READ = "SELECT judge, report, material FROM classifier_content WHERE id = ?"


class SqlClassifiers:
    """Implements :class:`gatewright.domains.classification.ClassifierStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, survey: str, method: Method, owner: str, at: float, until: float
    ) -> Classifier:
        name = f"r-{new_id()}"

        def work() -> Work[Row]:
            yield Lock("classifiers")
            if (yield Statement(_TRAINING, (survey, at))):
                raise Conflict(
                    "A classifier of this survey is in training; wait until it is "
                    "ready."
                )
            found = yield Statement(_NEXT, (survey,))
            values = (name, survey, found[0]["next"], str(method))
            yield Statement(
                _ADD, (*values, str(ClassifierState.TRAINING), owner, at, until)
            )
            return (yield Statement(_ONE, (name,)))[0]

        return _classifier(await self._database.run(work))

    async def keep(self, classifier: str, until: float) -> None:
        def work() -> Work[None]:
            yield Statement(_KEEP, (until, classifier))

        await self._database.run(work)

    async def step(self, classifier: str, done: int, total: int) -> None:
        def work() -> Work[None]:
            yield Statement(_STEP, (done, total, classifier))

        await self._database.run(work)

    async def end(self, classifier: Classifier, content: Content | None) -> None:
        labels = json.dumps(dict(classifier.labels))
        values = (str(classifier.state), labels, classifier.missed, classifier.reason)

        def work() -> Work[None]:
            yield Lock("classifiers")
            yield Statement(_END, (*values, classifier.id))
            if content is not None:
                texts = (content.judge, content.report, content.material)
                yield Statement(_CONTENT, (classifier.id, *texts))
            if classifier.active:
                yield Statement(_ACTIVATE, (*2 * [classifier.id], classifier.survey))

        await self._database.run(work)

    async def activate(self, classifier: Classifier) -> None:
        def work() -> Work[None]:
            yield Lock("classifiers")
            yield Statement(_ACTIVATE, (*2 * [classifier.id], classifier.survey))

        await self._database.run(work)

    async def rescoring(self) -> Sequence[Classifier]:
        return readable(await self._database.read(_RESCORING), _classifier, "id")

    async def classifiers(self, surveys: Collection[str]) -> Sequence[Classifier]:
        if not surveys:
            return []
        marks = ", ".join("?" for _ in surveys)
        rows = await self._database.read(
            f"SELECT * FROM classifier WHERE survey IN ({marks}) "  # noqa: S608  # marks
            "ORDER BY survey, version DESC",
            *surveys,
        )
        return readable(rows, _classifier, "id")

    async def classifier(self, classifier: str) -> Classifier | None:
        rows = await self._database.read(_ONE, classifier)
        return next(iter(readable(rows, _classifier, "id")), None)

    async def active(self, survey: str) -> str | None:
        rows = await self._database.read(_ACTIVE, survey)
        return rows[0]["id"] if rows else None

    async def content(self, classifier: str) -> Content | None:
        rows = await self._database.read(_READ, classifier)
        return Content(**dict(rows[0])) if rows else None


def _classifier(row: Row) -> Classifier:
    return Classifier(
        id=row["id"],
        survey=row["survey"],
        version=row["version"],
        method=Method(row["method"]),
        state=ClassifierState(row["state"]),
        active=bool(row["active"]),
        owner=row["owner"],
        created_at=moment(row["created_at"]),
        done=row["done"],
        total=row["total"],
        labels=msgspec.json.decode(row["labels"], type=dict[str, int]),
        missed=row["missed"],
        reason=row["reason"],
        until=row["until"],
        rescoring=bool(row["rescoring"]),
        rescored=row["rescored"],
        to_rescore=row["to_rescore"],
    )
