"""A difference of several surveys is scored by a classifier of one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatewright.domains.discovery import Finding, Origin
from gatewright.domains.processing import (
    Detection,
    FrameRef,
    Product,
    ProductKind,
    ProductState,
)
from gatewright.operations.discovery import record_difference
from gatewright.operations.judging import Scores


class Judges:
    """Knows a classifier of one survey."""

    def __init__(self, survey: str) -> None:
        self.survey = survey

    async def judge(
        self, survey: str, found: Sequence[Mapping[str, float | None]]
    ) -> Scores | None:
        if survey != self.survey:
            return None
        return Scores(f"of {survey}", [0.5] * len(found))


class Recorded:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.origin: Origin | None = None
        self.findings: Sequence[Finding] = ()

    async def recorded(self, _difference: str) -> bool:
        return False

    async def record(self, origin: Origin, findings: Sequence[Finding]) -> None:
        self.origin, self.findings = origin, findings


async def test_a_joint_difference_is_scored_by_the_first_classifier_there_is() -> None:
    product = Product(
        id="d-1",
        kind=ProductKind.DIFFERENCE,
        state=ProductState.READY,
        request={},
        surveys=["night", "other", "team"],
        owner="ada",
        created_at=0.0,
        detections=[Detection(1, 10.0, 20.0, 3.0, 4.0, 9.0, 5.0, 0.5)],
    )
    science = [
        FrameRef("a", ("night",), "a.fits", "1", 0, mjd=10.0),
        FrameRef("b", ("team", "other"), "b.fits", "1", 0),
    ]
    for survey, score in (("night", 0.5), ("other", 0.5), ("none", None)):
        recorded: Any = Recorded()
        judges: Any = Judges(survey)
        await record_difference(recorded, judges, product, science)
        assert recorded.origin.surveys == product.surveys
        assert recorded.origin.mjd == 10.0
        assert recorded.findings[0].score == score
        named = None if score is None else f"of {survey}"
        assert recorded.origin.classifier == named
