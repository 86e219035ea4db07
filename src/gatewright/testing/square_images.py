"""Sample images of a survey: squares on the sky, and their files."""

from collections.abc import Sequence

import numpy as np

from gatewright.core.access import PUBLIC
from gatewright.domains.sky import (
    Image,
    ImageIndex,
    ImageQuery,
    Region,
    ScannedFile,
    Survey,
    SurveyFile,
    band_wavelengths,
)
from gatewright.domains.sky.geometry import oriented, unit_vectors

SURVEY = Survey("night", "Night", "/night", PUBLIC)


def square_image(
    number: int,
    ra: float,
    dec: float,
    side: float = 0.2,
    *,
    survey: str = "night",
    t_min: float | None = None,
    days: float = 0.01,
    band: str | None = None,
) -> Image:
    """Return an image whose sides are meridians and great circles."""
    half = side / 2
    across = half / max(0.02, float(np.cos(np.radians(dec))))
    low, high = max(-90.0, dec - half), min(90.0, dec + half)
    corners = [(-across, low), (across, low), (across, high), (-across, high)]
    waves = band_wavelengths(band)
    return Image(
        id=f"{survey}~{number:06}~0",
        survey=survey,
        path=f"/{survey}/{number:06}.fits",
        identity=f"1-{number:x}-3-4",
        hdu=0,
        polygon=tuple(((ra + x) % 360.0, y) for x, y in corners),
        ra=ra,
        dec=dec,
        fov=side * 1.5,
        width=100,
        height=100,
        scale=side * 36,
        file_size=43_200,
        observation=f"visit {number}",
        t_min=t_min,
        t_max=None if t_min is None else t_min + days,
        exposure=None if t_min is None else days * 86400,
        band=band,
        filter=None if band is None else f"{band} filter",
        em_min=waves.low if waves else None,
        em_max=waves.high if waves else None,
    )


def scanned(image: Image, *left_out: str) -> ScannedFile:
    """Return the scan of a file with one image."""
    name = image.path.rpartition("/")[2]
    file = SurveyFile(image.path, name, image.identity)
    return ScannedFile(file, [image], left_out)


async def all_ids(index: ImageIndex, query: ImageQuery, limit: int = 7) -> list[str]:
    """Return the ids on all pages of a search."""
    ids: list[str] = []
    cursor = None
    while True:
        page = await index.search(query, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        ids += [image.id for image in page.items]
        if page.next is None:
            return ids
        cursor = page.next


def meeting(images: Sequence[Image], region: Region) -> set[str]:
    """Return the ids of the images that meet a region, tested one by one."""
    corners = np.array([image.polygon for image in images])
    polygons = oriented(unit_vectors(corners[..., 0], corners[..., 1]))
    flags = region.meets(polygons)
    return {image.id for image, flag in zip(images, flags, strict=True) if flag}
