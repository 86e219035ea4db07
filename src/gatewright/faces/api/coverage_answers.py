"""JSON descriptions of where the images of a survey are."""

from typing import Literal

from pydantic import BaseModel, Field

from gatewright.domains.sky import SkyOverlap, sentence_of


class DepthAnswer(BaseModel):
    """Area on which a number of images overlap."""

    images: int = Field(description="Number of images, no more and no fewer.")
    area: float = Field(description="Square degrees that so many images cover.")


class SurveyCoverageAnswer(BaseModel):
    """Where the images of a survey are, and how many overlap."""

    images: int = Field(description="Number of images in the selection.")
    bands: dict[str, int] = Field(description="Number of images by known band.")
    t_min: float | None = Field(description="First exposure, MJD UTC.")
    t_max: float | None = Field(description="End of the last exposure, MJD UTC.")
    text: str = Field(description="The same in one sentence.")
    whole_sky: bool = Field(description="Whether the map shows the whole sky.")
    ra: float = Field(description="Middle of the map, ICRS degrees.")
    dec: float = Field(description="Middle of the map, ICRS degrees.")
    counted: Literal["outlines", "cells"] = Field(
        description="outlines: the images that cover each place; cells: those that "
        "touch each HEALPix cell of order 6, since there are very many."
    )
    resolution: float = Field(
        description="Distance of the places that were counted at, degrees."
    )
    most: int | None = Field(
        description="Largest number of images on one place; null if all images lie "
        "between the places."
    )
    area: float | None = Field(
        description="Square degrees that at least one image covers, estimated from the "
        "places; null if all images lie between them."
    )
    depths: list[DepthAnswer] = Field(
        description="Area by number of images, from 1 upwards."
    )


def coverage_answer(overlap: SkyOverlap) -> dict[str, object]:
    """Return how images overlap as JSON values."""
    footprints = overlap.footprints
    between = footprints.images > 0 and not overlap.depths
    return {
        "images": footprints.images,
        "bands": footprints.bands,
        "t_min": footprints.t_min,
        "t_max": footprints.t_max,
        "text": sentence_of(footprints),
        "whole_sky": overlap.whole_sky,
        "ra": overlap.ra,
        "dec": overlap.dec,
        "counted": "outlines" if footprints.cells is None else "cells",
        "resolution": overlap.resolution,
        "most": None
        if between
        else max((depth.images for depth in overlap.depths), default=0),
        "area": None if between else sum(depth.area for depth in overlap.depths),
        "depths": [
            {"images": depth.images, "area": depth.area} for depth in overlap.depths
        ],
    }
