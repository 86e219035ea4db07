"""Chooses the frames of references, and keeps in memory how good frames are."""

import heapq
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatewright.core.caller import Caller
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.domains.processing import (
    Circle,
    FrameRef,
    Processor,
    Quality,
    ReferenceRule,
    Side,
    choose_frames,
)
from gatewright.domains.processing.references import SHALLOWEST, WIDEST
from gatewright.domains.sky import (
    Image,
    ImageKind,
    ImageQuery,
    Interval,
    SkyService,
    mjd_text,
)
from gatewright.operations.selections import Selection, Selections
from gatewright.operations.weighted_frames import weighted_frames

MOST_COMPARED = 40
"""Most frames whose quality is measured for one choice: the latest."""
_MOST_FOUND = 10_000
_MOST_KEPT = 64
_BORDER = 200
"""Pixels of a reference beyond the circle that is subtracted, for its stars."""
_ROUND = 2
"""Decimals of the degrees of the place at which frames are compared.

Pointings of one field that differ by less mostly compare, and so choose, alike."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The frames of a reference, and how they were chosen."""

    side: Side
    """The frames; the deepest is first, and gives the grid and the flux scale."""
    place: Circle | None
    """The area of the reference; None for all of the first frame."""
    rule: dict[str, float]
    """The rule with its numbers, by which the reference is named."""
    report: dict[str, object]
    """What the report of a difference says of the choice."""
    survey: str
    """Survey of the frames."""
    version: dict[str, object]
    """What the report of the reference says of its frames, whoever asks for it."""


class References:
    """Chooses references among the images that a caller may see."""

    def __init__(
        self, sky: SkyService, selections: Selections, processor: Processor
    ) -> None:
        self._sky = sky
        self._selections = selections
        self._processor = processor
        self._measured: OrderedDict[object, Sequence[Quality | str]] = OrderedDict()

    async def choose(
        self,
        caller: Caller,
        science: Selection,
        place: Circle | None,
        rule: ReferenceRule,
    ) -> Chosen:
        """Choose the frames of a reference for science images.

        They are of the same survey and band, contain the centre of ``place`` (or of the
        first science image), and ended the days of the rule before the first science
        exposure began. The latest 40 of them are compared.

        Raises
        ------
        InvalidContent
            The science images are of several surveys or bands, or have no time.
        NotFound
            There is no such frame, or none could be measured.
        """
        images = await self._selections.images(caller, science, place)
        first, start = images[0], _start(images)
        before = start - rule.days
        centre = place or Circle(first.ra, first.dec, 0.0)
        known = await self._earlier(caller, first, centre, before, start)
        latest = heapq.nlargest(
            MOST_COMPARED, known.values(), key=lambda one: (one.t_max, one.id)
        )
        if not latest:
            raise NotFound(
                f"No image of “{first.survey}” in the band {first.band} was taken here "
                f"before {mjd_text(before)}, {rule.days:g} days before the science "
                "images. Name the images of the reference, or ask for fewer days."
            )
        # The latest come first: what no longer fits into the memory is old.
        frames = await weighted_frames(self._sky, caller, latest)
        qualities, left_out = await self._compare(caller, frames, centre)
        if not qualities:
            raise NotFound(
                "No earlier image can be measured here. "
                f"{next(iter(left_out.values()))} Name the images of the reference."
            )
        names, others = choose_frames(qualities, rule.most)
        deepest = known[names[0]]
        border = _BORDER * deepest.scale / 3600.0
        by_name = {frame.image: frame for frame in frames}
        taken = [known[name] for name in names]
        reported = _reported(taken, qualities)
        return Chosen(
            Side([by_name[name] for name in names], "clipped"),
            place and Circle(place.ra, place.dec, place.radius + border),
            {
                "days": rule.days,
                "most": rule.most,
                "widest": WIDEST,
                "shallowest": SHALLOWEST,
            },
            {
                "before": mjd_text(before),
                "time_assumed": any(one.time_assumed for one in (*images, *taken)),
                "compared": len(frames),
                "earlier": len(known) - len(frames),
                "frames": reported,
                "left_out": left_out | dict(others),
            },
            first.survey,
            {
                "band": first.band,
                "time_assumed": any(one.time_assumed for one in taken),
                "frames": reported,
            },
        )

    async def _earlier(
        self,
        caller: Caller,
        first: Image,
        centre: Circle,
        before: float,
        start: float,
    ) -> Mapping[str, Image]:
        """Return the frames like a science image that ended by ``before``, by id.

        ``start`` is when the science exposure began; both are MJD, UTC.
        """
        query = ImageQuery(
            times=[Interval(float("-inf"), before)],
            bands=[first.band or ""],
            kinds=[ImageKind.SCIENCE],
            surveys=[first.survey],
        )
        point = Circle(centre.ra, centre.dec, 0.0)
        found = await self._selections.search(caller, query, point, _MOST_FOUND)
        return {
            one.id: one
            for one in found
            if one.band == first.band
            and one.t_max is not None
            and one.t_max <= before
            # An exposure of unknown length ends when it begins, the science's own too.
            and (one.t_min or 0.0) < start
        }

    async def _compare(
        self, caller: Caller, frames: Sequence[FrameRef], centre: Circle
    ) -> tuple[dict[str, Quality], dict[str, str]]:
        """Return the qualities of frames by name, and why some have none."""
        ra, dec = round(centre.ra, _ROUND), round(centre.dec, _ROUND)
        files = tuple((one.image, one.identity, one.weight) for one in frames)
        key = (ra, dec, files)
        found = self._measured.get(key)
        if found is None:
            found = await self._processor.qualities(frames, ra, dec, caller.user)
            self._measured[key] = found
            while len(self._measured) > _MOST_KEPT:
                self._measured.popitem(last=False)
        qualities: dict[str, Quality] = {}
        left_out: dict[str, str] = {}
        for frame, one in zip(frames, found, strict=True):
            if isinstance(one, str):
                left_out[frame.image] = one
            else:
                qualities[frame.image] = one
        return qualities, left_out


def _reported(
    taken: Sequence[Image], qualities: Mapping[str, Quality]
) -> list[dict[str, object]]:
    """Return what reports say of the frames; depths are relative to the first."""
    deepest = qualities[taken[0].id].depth
    return [
        {
            "image": one.id,
            "seeing": qualities[one.id].seeing,
            "relative_depth": qualities[one.id].depth / deepest,
            "t_min": one.t_min,
            "t_max": one.t_max,
        }
        for one in taken
    ]


def _start(images: Sequence[Image]) -> float:
    """Return when the first exposure of the science images began, MJD."""
    advice = "A reference cannot be chosen for them: name its images."
    if len({image.survey for image in images}) != 1:
        raise InvalidContent(f"The science images are of several surveys. {advice}")
    bands = {image.band for image in images}
    if len(bands) != 1 or None in bands:
        raise InvalidContent(
            f"The science images are of several bands, or of an unknown one. {advice}"
        )
    starts = [image.t_min for image in images if image.t_min is not None]
    if len(starts) < len(images):
        raise InvalidContent(f"A science image has no time. {advice}")
    return min(starts)
