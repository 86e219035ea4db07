"""Protocol of the store of classifiers, which all gateway processes share."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.domains.classification.model import Classifier, Method


@dataclass(frozen=True, slots=True)
class Content:
    """A classifier and its training data, as JSON texts."""

    judge: str
    """The trained classifier, from :meth:`Judge.to_json`."""
    report: str
    """The evaluation of the classifier."""
    material: str
    """The examples and trials for training and test, and their origin."""


class ClassifierStore(Protocol):
    """Stores versions of classifiers, of which each survey has at most one active."""

    async def begin(
        self, survey: str, method: Method, owner: str, at: float, until: float
    ) -> Classifier:
        """Record the next version of a survey's classifier, in training until a time.

        Raises
        ------
        Conflict
            Another version is in training.
        """
        ...

    async def keep(self, classifier: str, until: float) -> None:
        """Extend the claim of a training until a time; do nothing if it is over."""
        ...

    async def step(self, classifier: str, done: int, total: int) -> None:
        """Record the progress of a training."""
        ...

    async def end(self, classifier: Classifier, content: Content | None) -> None:
        """Store the result of a training; an active one replaces the former.

        All candidates that are stored have to be scored by it then.
        """
        ...

    async def activate(self, classifier: Classifier) -> None:
        """Make a classifier the active one of its survey.

        All candidates that are stored have to be scored by it then.
        """
        ...

    async def rescoring(self) -> Sequence[Classifier]:
        """Return the active classifiers that have to score stored candidates."""
        ...

    async def classifiers(self, surveys: Collection[str]) -> Sequence[Classifier]:
        """Return all versions of surveys, by survey, the newest first."""
        ...

    async def classifier(self, classifier: str) -> Classifier | None:
        """Return one version; None if it does not exist."""
        ...

    async def active(self, survey: str) -> str | None:
        """Return the identifier of a survey's active classifier; None without one."""
        ...

    async def content(self, classifier: str) -> Content | None:
        """Return a classifier's content; None if it is not trained."""
        ...
