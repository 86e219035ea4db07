"""Finds the weights, uncertainties and masks that belong to a science image.

They are other HDUs of its file, or files beside it whose names differ only in the words
that tell what the pixels are: ``a_ooi_g.fits``, ``a_oow_g.fits`` and ``a_ood_g.fits``,
or ``images/a.fits`` and ``masks/a.mask.fits``.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from gatewright.domains.sky.kinds import PARTNERS, ROLES, name_words
from gatewright.domains.sky.model import Image

_PIXEL = 0.1
"""Largest difference between the outlines of an image and its partner, pixels."""
_SECOND = 1 / 86_400.0
_LITERAL = re.compile(r"[a-z]+")


def role_words(kinds: Mapping[str, str]) -> frozenset[str]:
    """Return the words of names that tell what pixels are, with those of a survey.

    ``kinds`` are the survey's kinds by patterns of names.
    """
    told = {
        word
        for pattern, kind in kinds.items()
        if kind == "science" or kind in PARTNERS
        for word in name_words(pattern.lower())
        if _LITERAL.fullmatch(word)
    }
    return ROLES | told


def partners_of(
    images: Iterable[Image], others: Iterable[Image], roles: frozenset[str]
) -> Mapping[str, Sequence[Image]]:
    """Return the partners of each image by its id: a weight, an uncertainty, a mask.

    Each has the same pixels of the sky as the image, another kind, and neither another
    time nor another band. Where two files could be the one of a kind, none is taken.

    Parameters
    ----------
    images
        Science images.
    others
        Images of the kinds of partners, of the same survey.
    roles
        Words of names that tell what pixels are; see :func:`role_words`.
    """

    def key(image: Image) -> tuple[str, ...]:
        words = name_words(image.path.lower())
        return tuple(word for word in words if word not in roles)

    by_key: dict[tuple[str, ...], list[Image]] = {}
    for other in others:
        by_key.setdefault(key(other), []).append(other)
    found: dict[str, Sequence[Image]] = {}
    for image in images:
        alike = [one for one in by_key.get(key(image), ()) if _matches(image, one)]
        alike.sort(key=lambda one: PARTNERS.index(one.kind))
        chosen = []
        for _, group in groupby(alike, key=lambda one: one.kind):
            same = list(group)
            own = [one for one in same if one.path == image.path]
            if own or len({one.path for one in same}) == 1:
                # The next HDU after the image, or that of its number in another file.
                near = [
                    (one.hdu < image.hdu, abs(one.hdu - image.hdu))
                    for one in own or same
                ]
                chosen.append((own or same)[near.index(min(near))])
        found[image.id] = chosen
    return found


def _matches(image: Image, other: Image) -> bool:
    """Return whether two images have the same pixels of the sky, time and band."""
    size = (image.width, image.height) == (other.width, other.height)
    if not size or other.planes not in {1, image.planes} or other.kind is image.kind:
        return False
    if image.band and other.band and image.band != other.band:
        return False
    starts = [
        one.t_min
        for one in (image, other)
        if one.t_min is not None and not one.time_assumed
    ]
    if starts and abs(starts[0] - starts[-1]) > _SECOND:
        return False
    ours, theirs = ([(one.ra, one.dec), *one.polygon] for one in (image, other))
    return len(ours) == len(theirs) and all(
        math.hypot(
            ((ra - ra2 + 180) % 360 - 180) * math.cos(math.radians(dec)), dec - dec2
        )
        <= _PIXEL * image.scale / 3600.0
        for (ra, dec), (ra2, dec2) in zip(ours, theirs, strict=True)
    )
