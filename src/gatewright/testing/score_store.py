"""Contract tests for stores that score stored candidates again.

Subclass :class:`ScoreStoreContract` in a test module and provide the fixture
``stores``: :class:`ScoreStores` over one empty database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gatewright.domains.classification import ClassifierStore
from gatewright.domains.discovery import (
    Candidate,
    CandidateQuery,
    CandidateStore,
    Origin,
    ScoreStore,
)
from gatewright.testing.candidate_claims import ALL, finding
from gatewright.testing.classifier_store import ready


@dataclass(frozen=True, slots=True)
class ScoreStores:
    """The stores that work together."""

    classifiers: ClassifierStore
    """Versions of classifiers."""
    candidates: CandidateStore
    """Candidates with their scores."""
    scores: ScoreStore
    """The store that is tested."""

    async def add(
        self,
        difference: str,
        surveys: Sequence[str],
        classifier: str | None = None,
        *,
        science: Sequence[str] = (),
        many: int = 1,
    ) -> None:
        """Store candidates of a difference."""
        origin = Origin(difference, surveys, classifier=classifier, science=science)
        score = None if classifier is None else 0.25
        found = [
            replace(finding(n + 1, ra=10.0 + n), features={"a": n}, score=score)
            for n in range(many)
        ]
        await self.candidates.add(origin, found)

    async def all(self) -> Mapping[str, Candidate]:
        """Return all candidates by name."""
        page = await self.candidates.page(ALL, CandidateQuery(), person="", limit=100)
        return {one.id: one for one in page.items}

    async def left(self, classifier: str) -> set[str]:
        """Return the names of the candidates that a classifier has to score."""
        return {one.id for one in await self.scores.some(classifier, 100)}


class ScoreStoreContract:
    """Tests that every :class:`ScoreStore` must pass."""

    async def test_a_version_that_comes_into_use_scores_what_is_stored(
        self, stores: ScoreStores
    ) -> None:
        await stores.add("d-0", ["night"])
        first = await ready(stores.classifiers)
        await stores.add("d-1", ["night"], first.id, many=3)
        await stores.add("d-2", ["team"])
        assert await stores.left(first.id) == {"d-0.1"}
        second = await ready(stores.classifiers)
        every = {"d-0.1", "d-1.1", "d-1.2", "d-1.3"}
        assert await stores.left(second.id) == every
        assert await stores.left(first.id) == set()
        assert [one.id for one in await stores.classifiers.rescoring()] == [second.id]
        assert await stores.scores.begin(second.id) == 4
        some = await stores.scores.some(second.id, 3)
        assert len(some) == 3
        assert all(one.features is not None for one in some)
        assert await stores.scores.give(second.id, {one.id: 0.75 for one in some})
        (now,) = await stores.classifiers.rescoring()
        assert (now.rescoring, now.rescored, now.to_rescore) == (True, 3, 4)
        assert not await stores.scores.end(second.id)
        (last,) = await stores.scores.some(second.id, 3)
        assert await stores.scores.give(second.id, {last.id: None})
        assert await stores.scores.end(second.id)
        assert not await stores.scores.end(second.id)
        assert await stores.classifiers.rescoring() == []
        found = await stores.all()
        assert {found[name].origin.classifier for name in every} == {second.id}
        assert {found[one.id].finding.score for one in some} == {0.75}
        assert found[last.id].finding.score is None
        assert found["d-2.1"].origin.classifier is None

    async def test_what_is_begun_again_knows_what_was_done(
        self, stores: ScoreStores
    ) -> None:
        await stores.add("d-0", ["night"], many=3)
        one = await ready(stores.classifiers)
        assert await stores.scores.begin(one.id) == 3
        assert await stores.scores.give(one.id, {"d-0.1": 0.5})
        assert await stores.scores.begin(one.id) == 2
        (now,) = await stores.classifiers.rescoring()
        assert (now.rescored, now.to_rescore) == (1, 3)

    async def test_a_version_that_is_not_in_use_gives_no_score(
        self, stores: ScoreStores
    ) -> None:
        await stores.add("d-0", ["night"])
        first = await ready(stores.classifiers)
        await ready(stores.classifiers)
        assert not await stores.scores.give(first.id, {"d-0.1": 0.5})
        assert not await stores.scores.end(first.id)
        assert (await stores.all())["d-0.1"].finding.score is None
        await stores.classifiers.activate(first)
        assert [one.id for one in await stores.classifiers.rescoring()] == [first.id]
        assert await stores.scores.give(first.id, {"d-0.1": 0.5})

    async def test_the_first_survey_of_the_science_images_scores(
        self, stores: ScoreStores
    ) -> None:
        both = ["night", "team"]
        await stores.add("d-1", both, science=["team"])
        await stores.add("d-2", both, science=["night", "team"])
        await stores.add("d-3", both, science=["night"])
        team = await ready(stores.classifiers, "team")
        assert await stores.left(team.id) == {"d-1.1", "d-2.1"}
        night = await ready(stores.classifiers, "night")
        assert await stores.left(night.id) == {"d-2.1", "d-3.1"}
        assert await stores.left(team.id) == {"d-1.1"}
        visible = await stores.candidates.page(
            ["team"], CandidateQuery(), person="", limit=9
        )
        assert visible.items == []

    async def test_candidates_that_an_old_version_scored_meanwhile_are_scored_again(
        self, stores: ScoreStores
    ) -> None:
        first = await ready(stores.classifiers)
        second = await ready(stores.classifiers)
        assert await stores.scores.end(second.id)
        await stores.add("d-1", ["night"], second.id)
        assert await stores.classifiers.rescoring() == []
        # A difference that was being made when the version came into use.
        await stores.add("d-2", ["night"], first.id)
        assert [one.id for one in await stores.classifiers.rescoring()] == [second.id]
        assert await stores.scores.begin(second.id) == 1
        assert await stores.left(second.id) == {"d-2.1"}
