"""Scores stored candidates again when another version of a classifier is in use."""

import asyncio

from gatewright.core.events import EventHub
from gatewright.domains.classification import Classifier, ClassifierStore
from gatewright.domains.discovery import CHANNEL, ScoreStore
from gatewright.operations.judging import Judges

BATCH = 500
"""Candidates that are read, scored and written at a time."""
LOOK_SECONDS = 1.0
"""Pause between two looks for a classifier that has candidates to score."""
_DAMAGED_SECONDS = 60.0


class Rescoring:
    """The task that lets the scores of stored candidates be of the version in use.

    It may be ended at any time and begun again by another process: what is left to do
    follows from the candidates.
    """

    def __init__(
        self,
        classifiers: ClassifierStore,
        judges: Judges,
        scores: ScoreStore,
        events: EventHub,
        batch: int = BATCH,
    ) -> None:
        self._classifiers = classifiers
        self._judges = judges
        self._scores = scores
        self._events = events
        self._batch = batch

    async def look(self) -> float:
        """Score the candidates of all classifiers that have some to score.

        Return the seconds until the next look.
        """
        done = [await self._rescore(one) for one in await self._classifiers.rescoring()]
        return LOOK_SECONDS if all(done) else _DAMAGED_SECONDS

    async def _rescore(self, one: Classifier) -> bool:
        """Score what a classifier has to; return false if it cannot be read."""
        while await self._scores.begin(one.id):
            while found := await self._scores.some(one.id, self._batch):
                told = [candidate.features or {} for candidate in found]
                scores = await self._judges.scores(one.id, told)
                if scores is None:
                    return False
                # One without features has no score, and does not come again.
                given = {
                    candidate.id: None if candidate.features is None else score
                    for candidate, score in zip(found, scores, strict=True)
                }
                if not await self._scores.give(one.id, given):
                    return True  # another version came into use
                await asyncio.sleep(0)
        if await self._scores.end(one.id):
            await self._events.publish(
                "candidates.rescored",
                f"classifiers/{one.id}",
                CHANNEL,
                {"surveys": [one.survey], "version": one.version},
            )
        return True
