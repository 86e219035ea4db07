"""Coadds, differences and light curves of the images that a caller may see."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial

from gatewright.core.caller import Caller, Scope
from gatewright.core.claims import Claims
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import (
    Conflict,
    GatewayError,
    InvalidContent,
    NotFound,
    NotSignedIn,
    TooLarge,
)
from gatewright.domains.processing import (
    Circle,
    FrameRef,
    LightCurve,
    Plane,
    Processor,
    Product,
    ProductKind,
    ProductState,
    ProductStore,
    Side,
    StarCatalogue,
)
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import (
    Content,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageKind,
    ImageQuery,
    ImageReader,
    SkyService,
    Stretch,
)
from gatewright.operations.product_images import frame_of, image_of

WAIT_SECONDS = 10.0
"""Seconds for which a request waits for a product before it gets an unfinished one."""
MOST_IMAGES = 500
"""Most images of one product, or of one light curve."""
_PAGE = 200
_METHOD_VERSION = "2"
_KINDS = (ImageKind.SCIENCE, ImageKind.REFERENCE, ImageKind.DIFFERENCE)


@dataclass(frozen=True, slots=True)
class Selection:
    """Images selected by id, by a search, or as an existing coadd."""

    images: Sequence[str] = ()
    """Ids of images."""
    query: ImageQuery | None = None
    """A search for images."""
    coadd: str | None = None
    """Id of a coadd."""


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

        ``place`` is its area, None for all of the first image; ``method`` is ``mean``,
        ``clipped`` or ``psf-matched``.

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
        side = Side(await self._frames(caller, chosen, place), method)
        request = {"images": _names(side), **_place_of(place), "method": method}

        async def work(product: Product) -> Product:
            return await self._processor.coadd(product, side, place)

        return await self._made(caller, ProductKind.COADD, request, [side], work)

    async def difference(
        self,
        caller: Caller,
        science: Selection,
        reference: Selection,
        place: Circle | None,
    ) -> Product:
        """Return the difference of two selections, which may still be in the making.

        Several images of a selection are first combined into a clipped coadd. It raises
        the errors of :meth:`coadd`.
        """
        new = Side(await self._frames(caller, science, place), "clipped")
        old = Side(await self._frames(caller, reference, place), "clipped")
        request = {
            "science": _names(new),
            "reference": _names(old),
            **_place_of(place),
            "method": "zogy",
        }

        async def work(product: Product) -> Product:
            made = await self._processor.difference(product, new, old, place)
            await self._record(made, new.frames)
            return made

        kind = ProductKind.DIFFERENCE
        product = await self._made(caller, kind, request, [new, old], work)
        if product.state is ProductState.READY:
            # One that was made before there were candidates has them from now on.
            await self._record(product, new.frames)
        return product

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
    ) -> Content:
        """Return one plane of a product, or a part of it, as FITS or PNG.

        A part is the square round a place, padded beyond the product.

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
        frames = await self._frames(
            caller, Selection(query=query), Circle(ra, dec, 0.0)
        )
        return await self._processor.light_curve(frames, ra, dec, caller.user)

    async def _made(
        self,
        caller: Caller,
        kind: ProductKind,
        request: dict[str, object],
        sides: Sequence[Side],
        work: Work,
    ) -> Product:
        """Return the product of a request; make it if new, waiting up to 10 seconds."""
        frames = [frame for side in sides for frame in side.frames]
        surveys = sorted({name for frame in frames for name in frame.surveys})
        # The same images, place, method and catalogues have the same id.
        identities = [f"{frame.image} {frame.identity}" for frame in frames]
        parts: list[object] = [_METHOD_VERSION, kind, request, identities]
        known = self._catalogues
        if named := {one: asdict(known[one]) for one in surveys if one in known}:
            parts.append(named)
        text = json.dumps(parts, sort_keys=True)
        product = Product(
            id=f"{kind[0]}-{hashlib.sha256(text.encode()).hexdigest()[:24]}",
            kind=kind,
            state=ProductState.WORKING,
            request=request,
            surveys=surveys,
            owner=caller.user,
            created_at=self._clock(),
        )
        begun = await self._store.begin(product, self.claims.until())
        if begun:
            task = asyncio.create_task(self._finish(product, work))
            self._tasks[product.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(product.id, None))
        running = self._tasks.get(product.id)
        if running is None:
            return await self.product(caller, kind, product.id)
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

    async def _frames(
        self, caller: Caller, chosen: Selection, place: Circle | None
    ) -> list[FrameRef]:
        """Return the frames of a selection by time; those without a time are last."""
        caller.require(Scope.SKY_READ)
        if not caller.signed_in:
            raise NotSignedIn("Sign in, or send a token, to process images.")
        if chosen.coadd is not None:
            found = await self.product(caller, ProductKind.COADD, chosen.coadd)
            return [await self._coadd_frame(caller, found)]
        if chosen.query is not None:
            images = await self._found(caller, chosen.query, place)
        else:
            names = dict.fromkeys(chosen.images)
            images = [await self._sky.image(caller, name) for name in names]
        if not images:
            raise NotFound(
                "This selection finds no image that you may see; widen it, or name "
                "images."
            )
        others = [image.id for image in images if image.kind not in _KINDS]
        if others:
            raise InvalidContent(
                f"“{others[0]}” is not an image of the sky. Name images of the kinds "
                f"{', '.join(_KINDS)}."
            )
        refs = [frame_of(image) for image in images]
        return sorted(refs, key=lambda r: (r.mjd is None, r.mjd or 0.0, r.image))

    async def _coadd_frame(self, caller: Caller, product: Product) -> FrameRef:
        """Return a coadd as a frame, at the mean time of its images, of their band."""
        if product.state is not ProductState.READY or product.path is None:
            raise Conflict(
                f"The coadd “{product.id}” is {product.state}. "
                + (product.reason or "Try again in a few seconds.")
            )
        names = product.request["images"]
        frames: list[FrameRef] = []
        with suppress(NotFound):  # an image that is gone tells no time any more
            frames = [
                frame_of(await self._sky.image(caller, name))
                for name in (names if isinstance(names, list) else [])
            ]
        times = [frame.mjd for frame in frames if frame.mjd is not None]
        bands = {frame.band for frame in frames}
        return FrameRef(
            image=f"coadd:{product.id}",
            surveys=tuple(product.surveys),
            path=product.path,
            identity=product.identity,
            hdu=product.planes[Plane.COADD],
            mjd=sum(times) / len(times) if times else None,
            assumed=any(frame.assumed for frame in frames),
            band=bands.pop() if len(bands) == 1 else None,
        )

    async def _found(
        self, caller: Caller, query: ImageQuery, place: Circle | None
    ) -> list[Image]:
        if place is not None:
            region = Region(place.ra, place.dec, place.radius)
            query = replace(query, regions=(*query.regions, region))
        images: list[Image] = []
        cursor: str | None = None
        while True:
            page = await self._sky.search(caller, query, limit=_PAGE, cursor=cursor)
            images += page.items
            if len(images) > MOST_IMAGES:
                raise TooLarge(
                    f"More than {MOST_IMAGES} images are found; narrow the selection "
                    "by “time”, “band” or “pos”."
                )
            if page.next is None:
                return images
            cursor = page.next


def _names(side: Side) -> list[str]:
    return [frame.image for frame in side.frames]


def _place_of(place: Circle | None) -> dict[str, object]:
    if place is None:
        return {"pos": None}
    return {"pos": f"CIRCLE {place.ra!r} {place.dec!r} {place.radius!r}"}
