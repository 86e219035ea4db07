"""What classification needs of the world: a durable record that all processes share."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.domains.classification.model import Classifier, Method


@dataclass(frozen=True, slots=True)
class Content:
    """What a classifier is made of, as JSON texts."""

    judge: str
    """The trained classifier: :meth:`Judge.to_json`."""
    report: str
    """What is known of it."""
    material: str
    """What it was trained and tested with: examples, trials, and what they are from."""


class ClassifierStore(Protocol):
    """Versions of classifiers, of which one at most is active in each survey."""

    async def begin(
        self, survey: str, method: Method, owner: str, at: float, until: float
    ) -> Classifier:
        """Note that the next version of a survey is in training until a moment.

        Raises
        ------
        Conflict
            Another is in training.
        """
        ...

    async def step(self, classifier: str, done: int, total: int, until: float) -> None:
        """Note how far a training is, and put off the moment until which it runs."""
        ...

    async def end(self, classifier: Classifier, content: Content | None) -> None:
        """Keep what came of a training; an active one takes the place of another."""
        ...

    async def activate(self, classifier: Classifier) -> None:
        """Let a classifier judge its survey's candidates from now on."""
        ...

    async def classifiers(self, surveys: Collection[str]) -> Sequence[Classifier]:
        """Return all versions of surveys, by survey, the newest first."""
        ...

    async def classifier(self, classifier: str) -> Classifier | None:
        """Return one version."""
        ...

    async def active(self, survey: str) -> str | None:
        """Return the name of a survey's active classifier."""
        ...

    async def content(self, classifier: str) -> Content | None:
        """Return what a classifier is made of; None for one that is not trained."""
        ...
