"""Parses requests for coadds, differences and light curves."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Circle, ReferenceRule
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import parse_region
from gatewright.faces.api.image_query import image_query
from gatewright.operations.selections import MOST_IMAGES, Selection

_STRICT = ConfigDict(extra="forbid", strict=True)
_POS = "CIRCLE 318.10833 -66.01556 0.005"


class SelectionBody(BaseModel):
    """Images selected by a search."""

    model_config = _STRICT

    survey: str = Field(description="Name of the survey.", examples=["decam_mini"])
    time: str | None = Field(
        None,
        description="Time of exposure, as in the search for images.",
        examples=["2018-08-01/2018-08-31"],
    )
    band: str | None = Field(
        None,
        description="Name of a filter, or wavelengths, as in the search for images.",
        examples=["i"],
    )


class CoaddRefBody(BaseModel):
    """An existing coadd."""

    model_config = _STRICT

    coadd: str = Field(description="Id of the coadd.", max_length=64)


Images = list[str]
Pos = Field(
    None,
    description="Region in ICRS degrees: “CIRCLE ra dec radius”. By default the whole "
    "area of the first image. A coadd has all pixels of the region: those that no "
    "image reaches are NaN with weight 0. Within the first image it has the pixels of "
    "that image; otherwise those of a tangent plane around the centre, with a radius "
    "of 30 degrees at most.",
    examples=[_POS],
)


class CoaddBody(BaseModel):
    """Images to combine into one."""

    model_config = _STRICT

    images: Images | SelectionBody = Field(
        description="Ids of images, or a search for images. The first in time that "
        "reaches the region defines the flux scale and the size of a pixel."
    )
    pos: str | None = Pos
    method: Literal["mean", "clipped", "psf-matched"] = Field(
        "mean",
        description="mean: weighted by the sky noise; clipped: mean without outliers; "
        "psf-matched: mean after convolving all images to one point-spread function.",
    )


class RuleBody(BaseModel):
    """How the gateway chooses a reference."""

    model_config = _STRICT

    days: float = Field(
        14.0,
        ge=0.0,
        le=36525.0,
        description="Days that the frames of the reference are older than the first "
        "science image.",
    )
    most: int = Field(10, ge=1, le=40, description="Most frames of the reference.")


Reference = Images | SelectionBody | CoaddRefBody | RuleBody | Literal["auto"]


class DifferenceBody(BaseModel):
    """Science images, and reference images to subtract from them."""

    model_config = _STRICT

    science: Images | SelectionBody | CoaddRefBody = Field(
        description="The new images; several are combined into a clipped coadd."
    )
    reference: Reference = Field(
        description="The older images; several are combined into a clipped coadd. "
        "“auto”, or how to choose: a coadd of earlier frames of the same survey and "
        "band, chosen by seeing and depth.",
    )
    pos: str | None = Pos
    method: Literal["zogy"] = Field(
        "zogy", description="Proper subtraction (Zackay, Ofek and Gal-Yam 2016)."
    )


def selection(body: Sequence[str] | SelectionBody | CoaddRefBody) -> Selection:
    """Return the image selection that a part of a body describes.

    Raises
    ------
    InvalidContent
        It lists no image, or more than are allowed.
    """
    if isinstance(body, CoaddRefBody):
        return Selection(coadd=body.coadd)
    if isinstance(body, SelectionBody):
        query = image_query(
            time=(body.time,) if body.time else (),
            band=(body.band,) if body.band else (),
            survey=(body.survey,),
        )
        return Selection(query=query)
    if not 1 <= len(body) <= MOST_IMAGES:
        raise InvalidContent(f"Name 1 to {MOST_IMAGES} images.")
    return Selection(images=tuple(body))


def reference(body: Reference) -> Selection | ReferenceRule:
    """Return the image selection of a reference, or the rule by which it is chosen.

    Raises
    ------
    InvalidContent
        As :func:`selection`.
    """
    if isinstance(body, RuleBody):
        return ReferenceRule(body.days, body.most)
    return ReferenceRule() if body == "auto" else selection(body)


def circle(text: str | None) -> Circle | None:
    """Return the circle that a region text describes; None without a text.

    Raises
    ------
    InvalidContent
        The region is not a circle.
    InvalidRequest
        The text is not a region.
    """
    if text is None:
        return None
    region = parse_region(text)
    if not isinstance(region, Region):
        raise InvalidContent("“pos” has to be a circle here: CIRCLE ra dec radius.")
    return Circle(region.longitude, region.latitude, region.radius)
