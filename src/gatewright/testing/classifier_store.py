"""Contract tests for stores of classifiers.

Subclass :class:`ClassifierStoreContract` in a test module and provide the fixture
``store``: an empty :class:`gatewright.domains.classification.ClassifierStore`.
"""

from dataclasses import replace

import pytest

from gatewright.core.errors import Conflict
from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    ClassifierStore,
    Content,
    Method,
)

CONTENT = Content('{"judge": 1}', '{"report": 2}', '{"material": 3}')


async def begun(
    store: ClassifierStore, survey: str = "night", at: float = 100.0
) -> Classifier:
    """Return a classifier whose training has a lease of ten seconds."""
    return await store.begin(survey, Method.INJECTION, "ann", at, at + 10.0)


async def ready(store: ClassifierStore, survey: str = "night") -> Classifier:
    """Return a trained, active classifier."""
    made = await begun(store, survey)
    trained = replace(
        made,
        state=ClassifierState.READY,
        active=True,
        labels={"injected": 5},
        missed=0.25,
    )
    await store.end(trained, CONTENT)
    return trained


class ClassifierStoreContract:
    """Tests that every :class:`ClassifierStore` must pass."""

    async def test_versions_count_within_a_survey(self, store: ClassifierStore) -> None:
        first = await ready(store)
        other = await ready(store, "team")
        second = await ready(store)
        assert (first.version, second.version, other.version) == (1, 2, 1)
        found = await store.classifiers({"night"})
        assert [one.id for one in found] == [second.id, first.id]
        assert len(await store.classifiers({"night", "team"})) == 3
        assert await store.classifiers(set()) == []

    async def test_one_is_in_training_until_its_time_is_over(
        self, store: ClassifierStore
    ) -> None:
        made = await begun(store, at=100.0)
        assert made.state is ClassifierState.TRAINING
        assert (made.owner, made.method, made.until) == ("ann", Method.INJECTION, 110.0)
        with pytest.raises(Conflict):
            await begun(store, at=109.0)
        await begun(store, "team", at=109.0)
        await store.step(made.id, 3, 40)
        await store.keep(made.id, 200.0)
        seen = await store.classifier(made.id)
        assert seen is not None
        assert (seen.done, seen.total, seen.until) == (3, 40, 200.0)
        with pytest.raises(Conflict):
            await begun(store, at=150.0)
        again = await begun(store, at=201.0)
        assert again.version == 2

    async def test_what_was_trained_is_kept_and_active(
        self, store: ClassifierStore
    ) -> None:
        assert await store.active("night") is None
        made = await ready(store)
        assert await store.active("night") == made.id
        assert await store.active("team") is None
        assert await store.content(made.id) == CONTENT
        seen = await store.classifier(made.id)
        assert seen is not None
        assert (seen.labels, seen.missed) == ({"injected": 5}, 0.25)

    async def test_one_at_most_is_active(self, store: ClassifierStore) -> None:
        first, second = await ready(store), await ready(store)
        other = await ready(store, "team")
        assert await store.active("night") == second.id
        await store.activate(first)
        assert await store.active("night") == first.id
        active = [o.id for o in await store.classifiers({"night"}) if o.active]
        assert active == [first.id]
        assert await store.active("team") == other.id

    async def test_one_that_failed_has_a_reason_and_nothing_else(
        self, store: ClassifierStore
    ) -> None:
        before = await ready(store)
        made = await begun(store)
        failed = replace(made, state=ClassifierState.FAILED, reason="No star.")
        await store.end(failed, None)
        seen = await store.classifier(made.id)
        assert seen is not None
        assert (seen.state, seen.reason) == (ClassifierState.FAILED, "No star.")
        assert await store.content(made.id) is None
        assert await store.active("night") == before.id
        assert await store.classifier("nothing") is None
