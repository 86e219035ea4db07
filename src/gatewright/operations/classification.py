"""Classifiers of surveys: trained from injected stars and from votes, used and kept."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from gatewright.core.caller import Caller, Scope
from gatewright.core.claims import Claims
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, GatewayError, InvalidContent, NotFound
from gatewright.core.pages import Page, decode_cursor, encode_cursor, pages
from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    ClassifierStore,
    Method,
)
from gatewright.domains.discovery import Candidate
from gatewright.domains.processing import FrameRef
from gatewright.domains.sky import Image, ImageKind, ImageQuery, SkyService
from gatewright.operations.judging import Judges
from gatewright.operations.learning import (
    Found,
    Learned,
    Material,
    Pair,
    concluded,
    gathered,
    pairs_of,
    trials_of,
    with_votes,
)
from gatewright.operations.weighted_frames import weighted_frames

__all__ = ["Classifiers", "Found", "Learned", "Material", "Trainer"]

MOST_VOTED = 20_000
"""Largest number of candidates whose votes a training uses."""
MOST_FRAMES = 400
"""Frames of a survey that pairs are chosen from."""
_PAGE = 200
_ENDED = "The gateway ended while it was trained; train another."
_FIRST = "Train one by injection first: votes are added to it."
_TRAINED = (ClassifierState.READY, ClassifierState.REFUSED)
_NONE = "There is no such classifier, or you may not see its survey."

_log = logging.getLogger(__name__)


class Trainer(Protocol):
    """Makes trials and learns from them, out of the gateway's own process."""

    async def trial(
        self,
        science: FrameRef,
        reference: FrameRef,
        *,
        epoch: int,
        plain: bool,
        seed: int,
        person: str,
    ) -> Found:
        """Inject stars into two frames, subtract them both ways, and return the finds.

        With ``epoch`` 0, half of the fields serve for training; with 1, the other half
        serves for the test. With ``plain``, the frames are also subtracted without
        stars, and these detections are returned too.

        Raises
        ------
        NotFound, InvalidContent, TooLarge, Conflict
            A frame is gone, cannot be used, or changed.
        """
        ...

    async def learn(
        self, material: Material, other: object, *, seed: int, person: str
    ) -> Learned:
        """Train a judge and report on it, beside the one in use.

        Raises
        ------
        InvalidContent
            There are too few examples.
        """
        ...


Voted = Callable[[Caller, str, int], Awaitable[Sequence[Candidate]]]
"""Returns at most some number of candidates of a survey that people voted on."""


class Classifiers:
    """What the faces may do with classifiers; ``judges`` has the trained ones."""

    def __init__(
        self,
        sky: SkyService,
        trainer: Trainer,
        store: ClassifierStore,
        voted: Voted,
        clock: Clock = system_clock,
    ) -> None:
        self._sky = sky
        self._trainer = trainer
        self._store = store
        self._voted = voted
        self._clock = clock
        self.claims = Claims(clock)
        self.judges = Judges(store)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End the trainings."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def page(
        self, caller: Caller, survey: str | None, *, limit: int, cursor: str | None
    ) -> Page[Classifier]:
        """Return a page of the classifiers of a survey, or of all, the newest first.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        caller.require(Scope.SKY_READ)
        visible = {one.id for one in await self._sky.surveys(caller)}
        if survey is not None:
            visible &= {survey}
        found = await self._store.classifiers(visible)
        if cursor is not None:
            name, version = decode_cursor(cursor, str, int)
            assert isinstance(version, int)  # noqa: S101  # by decode_cursor
            after = (str(name), -version)
            found = [one for one in found if (one.survey, -one.version) > after]
        items = [self._now(one) for one in found[:limit]]
        if len(found) <= limit:
            return Page(items)
        return Page(items, encode_cursor(items[-1].survey, items[-1].version))

    async def one(self, caller: Caller, classifier: str) -> Classifier:
        """Return a classifier.

        Raises
        ------
        NotFound
            There is none of that name whose survey the caller may see.
        """
        caller.require(Scope.SKY_READ)
        found = await self._store.classifier(classifier)
        visible = {one.id for one in await self._sky.surveys(caller)}
        if found is None or found.survey not in visible:
            raise NotFound(_NONE)
        return self._now(found)

    async def report(self, caller: Caller, classifier: str) -> str:
        """Return what is known of a classifier, as JSON.

        Raises
        ------
        NotFound
            There is none of that name whose survey the caller may see.
        Conflict
            It is not trained.
        """
        found = await self.one(caller, classifier)
        content = await self._store.content(classifier)
        if content is None:
            raise Conflict(
                f"This classifier is {found.state}. "
                + (found.reason or "Look again in a few seconds.")
            )
        try:
            await asyncio.to_thread(json.loads, content.report)
        except (ValueError, RecursionError) as error:
            _log.error("The report of classifier %r cannot be read.", classifier)
            raise NotFound(
                "The report of this classifier is damaged; train another version."
            ) from error
        return content.report

    async def train(
        self,
        caller: Caller,
        survey: str,
        method: Method,
        differences: int | None = None,
    ) -> Classifier:
        """Begin to train the next version for a survey; return it as it is now.

        ``differences`` is about how many a training by injection makes; None for as
        many as :func:`gatewright.operations.learning.trials_of` takes.

        Raises
        ------
        NotSignedIn, NotAllowed
            The caller may not train.
        NotFound
            There is no such survey that the caller may see.
        Conflict
            One is in training, or there is nothing to train from.
        """
        caller.require(Scope.SKY_TRAIN)
        person = caller.require_user()
        visible = {one.id for one in await self._sky.surveys(caller)}
        if survey not in visible:
            raise NotFound("There is no such survey that you may see.")
        if method is Method.INJECTION:
            pairs = pairs_of(await self._images(caller, survey))
            if not pairs:
                raise Conflict(
                    "This survey has no two images of one band that overlap."
                )
            gather = partial(self._by_injection, caller, pairs, differences)
        else:
            if not any(
                one.method is Method.INJECTION and one.state in _TRAINED
                for one in await self._store.classifiers({survey})
            ):
                raise Conflict(_FIRST)
            if not await self._voted(caller, survey, 1):
                raise Conflict("Nobody has voted on a candidate of this survey.")
            gather = partial(self._by_votes, caller)
        made = await self._store.begin(
            survey, method, person, self._clock(), self.claims.until()
        )
        task = asyncio.create_task(self._finish(made, gather))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return made

    async def rescoring(self, caller: Caller) -> Sequence[Classifier]:
        """Return the versions that stored candidates are being scored by.

        Until that is over, candidates of their surveys may have scores of others.
        """
        caller.require(Scope.SKY_READ)
        found = await self._store.rescoring()
        if not found:
            return []
        visible = {one.id for one in await self._sky.surveys(caller)}
        return [one for one in found if one.survey in visible]

    async def activate(self, caller: Caller, classifier: str) -> Classifier:
        """Let an earlier version, or a refused one, judge from now on.

        The stored candidates are scored by it too, which takes a while. One that is
        in use already stays so.

        Raises
        ------
        NotSignedIn, NotAllowed, NotFound
            The caller may not train, or there is no such classifier.
        Conflict
            It is not trained.
        """
        caller.require(Scope.SKY_TRAIN)
        caller.require_user()
        found = await self.one(caller, classifier)
        if await self._store.content(classifier) is None:
            raise Conflict(f"This classifier is {found.state} and cannot be used.")
        if not found.active:
            await self._store.activate(found)
        return await self.one(caller, classifier)

    def _now(self, one: Classifier) -> Classifier:
        """Return a classifier, one whose maker ended as failed."""
        if one.state is ClassifierState.TRAINING and one.until < self._clock():
            return replace(one, state=ClassifierState.FAILED, reason=_ENDED)
        return one

    async def _images(self, caller: Caller, survey: str) -> list[Image]:
        query = ImageQuery(surveys=(survey,), kinds=(ImageKind.SCIENCE,))
        images: list[Image] = []
        async for page in pages(
            lambda cursor: self._sky.search(caller, query, limit=_PAGE, cursor=cursor)
        ):
            images += page.items
            if len(images) >= MOST_FRAMES:
                break
        return images

    async def _injected(self, survey: str) -> Material | None:
        """Return what the newest classifier by injection was trained with."""
        for one in await self._store.classifiers({survey}):
            if one.method is Method.INJECTION:
                content = await self._store.content(one.id)
                if content is None:
                    continue
                try:
                    told = await asyncio.to_thread(json.loads, content.material)
                    return Material(**told)
                except (ValueError, TypeError, RecursionError):
                    _log.error("The examples of classifier %r cannot be read.", one.id)
        return None

    async def _by_votes(self, caller: Caller, made: Classifier) -> Material:
        """Read the examples and the votes as they are once the training has begun."""
        before = await self._injected(made.survey)
        if before is None:
            raise Conflict(_FIRST)
        voted = await self._voted(caller, made.survey, MOST_VOTED)
        return await asyncio.to_thread(with_votes, before, voted)

    async def _by_injection(
        self,
        caller: Caller,
        pairs: Sequence[Pair],
        differences: int | None,
        made: Classifier,
    ) -> Material:
        """Make the trials of pairs: two differences each, one for each way round."""
        trials = trials_of(pairs, differences)
        parts: list[tuple[Pair, Found]] = []
        reason: GatewayError | None = None
        seen: set[int] = set()
        for number, pair in enumerate(trials):
            try:
                science, reference = await weighted_frames(
                    self._sky, caller, [pair.science, pair.reference]
                )
                found = await self._trainer.trial(
                    science,
                    reference,
                    epoch=pair.epoch,
                    plain=id(pair) not in seen,
                    seed=1000 * made.version + number,
                    person=made.owner,
                )
                parts.append((pair, found))
                seen.add(id(pair))
            except (NotFound, InvalidContent, Conflict) as error:
                # A frame without a star, or one that is gone, is left out.
                reason = error
            await self._store.step(made.id, 2 * (number + 1), 2 * len(trials))
        if not parts:
            assert reason is not None  # noqa: S101  # there was a pair
            raise reason
        return await asyncio.to_thread(gathered, made.survey, parts)

    async def _finish(
        self, made: Classifier, gather: Callable[[Classifier], Awaitable[Material]]
    ) -> None:
        """Train a classifier and record the outcome."""
        try:
            async with self.claims.renewed(
                f"the training of {made.id}", partial(self._store.keep, made.id)
            ):
                material = await gather(made)
                active = await self._store.active(made.survey)
                before = (
                    None if active is None else await self._store.classifier(active)
                )
                learned = await self._trainer.learn(
                    material,
                    None if active is None else await self.judges.told(active),
                    seed=made.version,
                    person=made.owner,
                )
                trained = await asyncio.to_thread(
                    concluded, made, material, learned, before
                )
                await self._store.end(*trained)
        except BaseException as error:
            text = "It could not be trained."
            if isinstance(error, GatewayError):
                text = error.text
            elif isinstance(error, asyncio.CancelledError):
                text = _ENDED
            failed = replace(made, state=ClassifierState.FAILED, reason=text)
            with suppress(GatewayError):
                await self._store.end(failed, None)
            if not isinstance(error, GatewayError):
                raise
