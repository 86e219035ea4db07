"""Detections of a difference become candidates, and are scored once."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.support.app import caller
from tests.support.migrated import open_migrated

from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.events import SqlEventLog
from gatewright.core.access import PUBLIC, Access
from gatewright.core.caller import Caller
from gatewright.core.events import EventHub
from gatewright.domains.discovery import CandidateQuery, Discovery, Hearing
from gatewright.domains.processing import (
    Detection,
    FrameRef,
    Product,
    ProductKind,
    ProductState,
)
from gatewright.operations.discovery import record_difference
from gatewright.operations.judging import Scores

SCIENCE = [FrameRef("night~a~0", ("night",), "/a", "1", 0, mjd=58340.5)]


@dataclass
class Judges:
    """Scores what is found, and counts how often it was asked to."""

    asked: list[str] = field(default_factory=list)

    async def judge(
        self, survey: str, found: Sequence[Mapping[str, float | None]]
    ) -> Scores:
        self.asked.append(survey)
        return Scores("r-1", [0.25] * len(found))


@pytest.fixture
async def discovery(tmp_path: Path) -> AsyncIterator[Discovery]:
    database = await open_migrated(tmp_path / "gateway.sqlite")

    async def visible(_: Caller) -> Collection[str]:
        return {"night"}

    async def rules() -> Mapping[str, Access]:
        return {"night": PUBLIC}

    hub = EventHub(SqlEventLog(database))
    yield Discovery(SqlCandidates(database), visible, hub, Hearing(rules))
    await database.close()


def difference(name: str, *found: Detection) -> Product:
    kind, state = ProductKind.DIFFERENCE, ProductState.READY
    return Product(name, kind, state, {}, ["night"], "ada", 1.0, detections=found)


async def test_a_difference_is_scored_once(discovery: Discovery) -> None:
    judges: Any = Judges()
    source = Detection(1, 10.0, 20.0, 3.0, 4.0, 9.0, 100.0, 10.0, {"likeness": 0.5})
    for _ in range(3):
        await record_difference(
            discovery, judges, difference("d-1", source), list(SCIENCE)
        )
    assert judges.asked == ["night"]
    page = await discovery.page(caller("ada"), CandidateQuery(), limit=10)
    assert [(one.id, one.finding.score) for one in page.items] == [("d-1.1", 0.25)]
    assert [one.origin.classifier for one in page.items] == ["r-1"]
    await record_difference(discovery, judges, difference("d-2", source), SCIENCE)
    assert judges.asked == ["night", "night"]


async def test_a_difference_without_detections_has_no_candidates(
    discovery: Discovery,
) -> None:
    judges: Any = Judges()
    await record_difference(discovery, judges, difference("d-1"), SCIENCE)
    assert not await discovery.recorded("d-1")
