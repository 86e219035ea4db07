"""Scores of detections by trained classifiers, of which a few are kept in memory."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatewright.core.errors import InvalidContent
from gatewright.domains.classification import ClassifierStore, Judge

MOST_JUDGES = 16
"""Trained classifiers that are kept in memory; the least recently used one goes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a classifier says of detections."""

    classifier: str
    """Its name."""
    scores: Sequence[float]
    """How likely each is real, 0 to 1."""


class Judges:
    """The trained classifiers of a store."""

    def __init__(self, store: ClassifierStore) -> None:
        self._store = store
        self._judges: OrderedDict[str, Judge] = OrderedDict()

    async def judge(
        self, survey: str, found: Sequence[Mapping[str, float | None]]
    ) -> Scores | None:
        """Return the scores of detections by a survey's active classifier, if any."""
        name = await self._store.active(survey)
        if name is None or not found:
            return None
        scores = await self.scores(name, found)
        return None if scores is None else Scores(name, scores)

    async def scores(
        self, name: str, found: Sequence[Mapping[str, float | None]]
    ) -> Sequence[float] | None:
        """Return the scores of detections by a classifier; None if it is damaged."""
        judge = self._judges.get(name)
        if judge is None:
            told = await self.told(name)
            if told is None:
                return None
            judge = await asyncio.to_thread(Judge.from_json, told)
            self._judges[name] = judge
            if len(self._judges) > MOST_JUDGES:
                self._judges.popitem(last=False)
        self._judges.move_to_end(name)
        return await asyncio.to_thread(judge.scores, found)

    async def told(self, name: str) -> Any:
        """Return a classifier as plain values; None if it is damaged.

        With a damaged classifier no candidate gets a score, but candidates are still
        recorded and the next version can be trained.
        """
        content = await self._store.content(name)
        assert content is not None  # noqa: S101  # an active one is trained
        try:
            told = await asyncio.to_thread(json.loads, content.judge)
            await asyncio.to_thread(Judge.from_json, told)
        except (ValueError, RecursionError, InvalidContent):
            _log.error("The judge of classifier %r cannot be read.", name)
            return None
        return told
