"""Coadds, differences and light curves of the images that a caller may see."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial

from gatewright.core.caller import Caller
from gatewright.core.claims import Claims
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import (
    Conflict,
    GatewayError,
    NotFound,
    NotSignedIn,
)
from gatewright.core.pages import Page
from gatewright.domains.processing import (
    COADD,
    Circle,
    FrameRef,
    LightCurve,
    Plane,
    Processor,
    Product,
    ProductKind,
    ProductState,
    ProductStore,
    ReferenceRule,
    Side,
    StarCatalogue,
)
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import (
    Content,
    CutoutFormat,
    CutoutRequest,
    ImageQuery,
    ImageReader,
    Orientation,
    SkyService,
    Stretch,
)
from gatewright.operations.product_images import image_of
from gatewright.operations.references import Chosen, References
from gatewright.operations.selections import Selection, Selections

WAIT_SECONDS = 10.0
"""Seconds for which a request waits for a product before it gets an unfinished one."""
_LOOK_SECONDS = 0.5
_METHOD_VERSION = "4"

Work = Callable[[Product], Awaitable[Product]]
Record = Callable[[Product, Sequence[FrameRef]], Awaitable[None]]
"""Stores what was detected in a difference, with its science frames; repeatable."""


class Processing:
    """Makes products from images, keeps track of them, and returns their pixels.

    Each product is made once, however many requests ask for it. The background task
    that makes it renews its claim in the store; if the process dies, the claim ends and
    the product counts as failed.
    """

    def __init__(
        self,
        sky: SkyService,
        reader: ImageReader,
        processor: Processor,
        store: ProductStore,
        record: Record,
        clock: Clock = system_clock,
        catalogues: Mapping[str, StarCatalogue] | None = None,
    ) -> None:
        self._sky = sky
        self._reader = reader
        self._processor = processor
        self._store = store
        self._record = record
        self._clock = clock
        self._catalogues = catalogues or {}
        self._selections = Selections(
            sky, lambda who, name: self.product(who, ProductKind.COADD, name)
        )
        self._references = References(sky, self._selections, processor)
        self.claims = Claims(clock)
        self._tasks: dict[str, asyncio.Task[Product]] = {}

    async def close(self) -> None:
        """Cancel the products that are being made."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def coadd(
        self, caller: Caller, chosen: Selection, place: Circle | None, method: str
    ) -> Product:
        """Return the coadd of images, which may still be in the making.

        ``place`` is its region, None for all of the first image; ``method`` is
        ``mean``, ``clipped`` or ``psf-matched``.

        Raises
        ------
        NotSignedIn, NotAllowed
            The caller is a visitor, or does not have the scope ``sky:read``.
        NotFound
            An image does not exist, or the search finds none.
        InvalidContent
            An image is not an image of the sky, or cannot be used.
        TooLarge
            There are too many images, or they need too much memory.
        """
        side = Side(await self._selections.frames(caller, chosen, place), method)
        request = {"images": _names(side), **_place_of(place), "method": method}

        async def work(product: Product) -> Product:
            return await self._processor.coadd(product, side, place)

        product = self._new(caller, ProductKind.COADD, request, [side])
        return await self._made(caller, product, work)

    async def difference(
        self,
        caller: Caller,
        science: Selection,
        reference: Selection | ReferenceRule,
        place: Circle | None,
    ) -> Product:
        """Return the difference of two selections, which may still be in the making.

        Several images of a selection are first combined into a clipped coadd. By a
        rule, the images of the reference are chosen, and their coadd is kept: the same
        images and rule give the same one. It raises the errors of :meth:`coadd`, and
        with a rule those of :meth:`References.choose`.
        """
        new = Side(await self._selections.frames(caller, science, place), "clipped")
        chosen: Chosen | None = None
        coadd: Product | None = None
        if isinstance(reference, ReferenceRule):
            chosen = await self._references.choose(caller, science, place, reference)
            old = chosen.side
            inputs = {"images": _names(old), **_place_of(chosen.place)}
            asked = {**inputs, "method": old.method, "rule": chosen.rule}
            coadd = replace(
                self._new(caller, ProductKind.COADD, asked, [old]),
                reference_of=chosen.survey,
            )
            names = [f"{COADD}{coadd.id}"]
        else:
            frames = await self._selections.frames(caller, reference, place)
            old = Side(frames, "clipped")
            names = _names(old)
        request = {
            "science": _names(new),
            "reference": names,
            **_place_of(place),
            "method": "zogy",
        }
        product = self._new(caller, ProductKind.DIFFERENCE, request, [new, old])

        async def work(product: Product) -> Product:
            side, told = old, {}
            if chosen is not None and coadd is not None:
                side = await self._kept(caller, coadd, chosen)
                told = {"choice": {"rule": chosen.rule, **chosen.report}}
            made = await self._processor.difference(product, new, side, place)
            made = replace(made, report={**made.report, **told})
            await self._record(made, new.frames)
            return made

        made = await self._made(caller, product, work)
        if made.state is ProductState.READY:
            # One that was made before there were candidates has them from now on.
            await self._record(made, new.frames)
        return made

    async def _kept(self, caller: Caller, coadd: Product, chosen: Chosen) -> Side:
        """Return a chosen reference, made if it is new, when it is complete."""

        async def work(product: Product) -> Product:
            made = await self._processor.coadd(product, chosen.side, chosen.place)
            return replace(made, report={**made.report, "choice": chosen.version})

        made = await self._made(caller, coadd, work)
        while made.state is ProductState.WORKING:
            # This process waits in _made; another one's work is looked for here.
            await asyncio.sleep(_LOOK_SECONDS)
            made = await self._made(caller, coadd, work)
        return Side([await self._selections.coadd_frame(caller, made)])

    async def references(
        self,
        caller: Caller,
        surveys: Sequence[str],
        limit: int,
        cursor: str | None,
    ) -> Page[Product]:
        """Return a page of reference versions that the caller may see, newest first.

        ``surveys`` limits them to some surveys; empty for all.

        Raises
        ------
        NotAllowed, NotSignedIn
            The caller does not have the scope ``sky:read``.
        """
        visible = {survey.id for survey in await self._sky.surveys(caller)}
        wanted = visible & set(surveys) if surveys else visible
        return await self._store.references(sorted(wanted), limit, cursor)

    async def product(self, caller: Caller, kind: ProductKind, name: str) -> Product:
        """Return a product; one whose maker died counts as failed.

        Raises
        ------
        NotFound
            There is no such product, or the caller may not see all of its images.
        """
        found = await self._store.product(name)
        visible = {survey.id for survey in await self._sky.surveys(caller)}
        if (
            found is None
            or found[0].kind is not kind
            or set(found[0].surveys) - visible
        ):
            raise NotFound(f"There is no such {kind}.")
        product, until = found
        if product.state is ProductState.WORKING and until < self._clock():
            reason = "The gateway ended while it was made; ask for it again."
            return replace(product, state=ProductState.FAILED, reason=reason)
        return product

    async def plane(
        self,
        product: Product,
        plane: Plane,
        form: CutoutFormat,
        stretch: Stretch,
        size: int | None,
        place: Circle | None = None,
        orientation: Orientation = Orientation.NORTH,
    ) -> Content:
        """Return one plane of a product, or a part of it, as FITS or PNG.

        A part is the square round a place, padded beyond the product. ``orientation``
        is that of a PNG.

        Raises
        ------
        NotFound
            The product has no such plane, or no pixel of the place.
        Conflict
            The product is not ready.
        """
        if product.state is not ProductState.READY or product.path is None:
            raise Conflict(
                f"This {product.kind} is {product.state}. "
                + (product.reason or "Look again in a few seconds.")
            )
        if str(plane) not in product.planes:
            raise NotFound(
                f"A {product.kind} has the planes {', '.join(product.planes)}."
            )
        ra, dec, radius = (
            float(str(product.report[name])) for name in ("ra", "dec", "radius")
        )
        whole = place or Circle(ra, dec, radius)
        region = Region(whole.ra, whole.dec, whole.radius)
        request = CutoutRequest(
            region,
            format=form,
            stretch=stretch,
            size=size,
            orientation=orientation,
            padded=place is not None,
        )
        return await self._reader.cut(image_of(product, plane, ra, dec), request)

    async def light_curve(
        self, caller: Caller, ra: float, dec: float, query: ImageQuery
    ) -> LightCurve:
        """Return the flux at ``ra`` and ``dec`` (ICRS degrees) in all matching images.

        Raises
        ------
        NotSignedIn
            The caller is a visitor.
        NotFound
            No matching image covers the place.
        TooLarge
            More than 500 images match.
        """
        if not caller.signed_in:
            raise NotSignedIn("Sign in, or send a token, to measure light curves.")
        frames = await self._selections.frames(
            caller, Selection(query=query), Circle(ra, dec, 0.0)
        )
        return await self._processor.light_curve(frames, ra, dec, caller.user)

    def _new(
        self,
        caller: Caller,
        kind: ProductKind,
        request: dict[str, object],
        sides: Sequence[Side],
    ) -> Product:
        """Return the record of a product that is not made yet, named by its inputs."""
        frames = [frame for side in sides for frame in side.frames]
        surveys = sorted({name for frame in frames for name in frame.surveys})
        # The same images, place, method and catalogues have the same id.
        identities = [
            f"{one.image} {one.identity}"
            for frame in frames
            for one in (frame, frame.weight)
            if one is not None
        ]
        parts: list[object] = [_METHOD_VERSION, kind, request, identities]
        known = self._catalogues
        if named := {one: asdict(known[one]) for one in surveys if one in known}:
            parts.append(named)
        text = json.dumps(parts, sort_keys=True)
        return Product(
            id=f"{kind[0]}-{hashlib.sha256(text.encode()).hexdigest()[:24]}",
            kind=kind,
            state=ProductState.WORKING,
            request=request,
            surveys=surveys,
            owner=caller.user,
            created_at=self._clock(),
        )

    async def _made(self, caller: Caller, product: Product, work: Work) -> Product:
        """Return a product; make it if new, waiting up to 10 seconds."""
        begun = await self._store.begin(product, self.claims.until())
        if begun:
            task = asyncio.create_task(self._finish(product, work))
            self._tasks[product.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(product.id, None))
        running = self._tasks.get(product.id)
        if running is None:
            return await self.product(caller, product.kind, product.id)
        done, _ = await asyncio.wait([running], timeout=WAIT_SECONDS)
        # A failure is raised here, so that the caller learns its reason.
        return running.result() if done else product

    async def _finish(self, product: Product, work: Work) -> Product:
        """Make a product, and store the result or the failure."""
        try:
            async with self.claims.renewed(
                f"the {product.kind} {product.id}",
                partial(self._store.keep, product.id),
            ):
                made = await work(product)
                await self._store.end(made)
        except BaseException as error:
            text = "The gateway ended while it was made; ask for it again."
            if isinstance(error, GatewayError):
                text = error.text
            elif not isinstance(error, asyncio.CancelledError):
                text = "It could not be made."
            failed = replace(product, state=ProductState.FAILED, reason=text)
            with suppress(GatewayError):
                await self._store.end(failed)
            raise
        return made


def _names(side: Side) -> list[str]:
    return [frame.image for frame in side.frames]


def _place_of(place: Circle | None) -> dict[str, object]:
    if place is None:
        return {"pos": None}
    return {"pos": f"CIRCLE {place.ra!r} {place.dec!r} {place.radius!r}"}
