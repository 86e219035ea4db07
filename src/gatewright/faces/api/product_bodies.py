"""Which images to work on, as requests say it."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Circle
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import parse_region
from gatewright.faces.api.image_query import image_query
from gatewright.operations.processing import MOST_IMAGES, Selection

_STRICT = ConfigDict(extra="forbid", strict=True)
_POS = "CIRCLE 318.10833 -66.01556 0.005"


class SelectionBody(BaseModel):
    """Images by a search."""

    model_config = _STRICT

    survey: str = Field(description="Name of the survey.", examples=["decam_mini"])
    time: str | None = Field(
        None,
        description="When they were taken, as in the search of images.",
        examples=["2018-08-01/2018-08-31"],
    )
    band: str | None = Field(
        None, description="Name of a filter, or wavelengths.", examples=["i"]
    )


class CoaddRefBody(BaseModel):
    """A coadd that is there."""

    model_config = _STRICT

    coadd: str = Field(description="Its id.", max_length=64)


Images = list[str]
Pos = Field(
    None,
    description="Place in ICRS degrees: “CIRCLE ra dec radius”. Without it the whole "
    "of the first image is worked on.",
    examples=[_POS],
)


class CoaddBody(BaseModel):
    """Which images are to become one."""

    model_config = _STRICT

    images: Images | SelectionBody = Field(
        description="Names of images, or a search for them. The first, by time, gives "
        "the grid and the scale of flux."
    )
    pos: str | None = Pos
    method: Literal["mean", "clipped", "psf-matched"] = Field(
        "mean",
        description="mean: weighted by the noise of the sky; clipped: without what is "
        "not like the others; psf-matched: all with stars of one width.",
    )


class DifferenceBody(BaseModel):
    """Which images are to be subtracted from which."""

    model_config = _STRICT

    science: Images | SelectionBody | CoaddRefBody = Field(
        description="The images with what is new; several become a clipped coadd."
    )
    reference: Images | SelectionBody | CoaddRefBody = Field(
        description="The images to compare with; several become a clipped coadd."
    )
    pos: str | None = Pos
    method: Literal["zogy"] = Field(
        "zogy", description="Proper subtraction (Zackay, Ofek and Gal-Yam 2016)."
    )


def selection(body: Sequence[str] | SelectionBody | CoaddRefBody) -> Selection:
    """Return which images a part of a body means.

    Raises
    ------
    InvalidContent
        They are none, or too many.
    """
    if isinstance(body, CoaddRefBody):
        return Selection(coadd=body.coadd)
    if isinstance(body, SelectionBody):
        query = image_query(
            pos=(),
            time=(body.time,) if body.time else (),
            band=(body.band,) if body.band else (),
            survey=(body.survey,),
            kind="science",
            seeing=None,
            exposure=None,
        )
        return Selection(query=query)
    if not 1 <= len(body) <= MOST_IMAGES:
        raise InvalidContent(f"Name 1 to {MOST_IMAGES} images.")
    return Selection(images=tuple(body))


def circle(text: str | None) -> Circle | None:
    """Return the place that a text says; None for none.

    Raises
    ------
    InvalidContent
        It is no circle.
    """
    if text is None:
        return None
    region = parse_region(text)
    if not isinstance(region, Region):
        raise InvalidContent("“pos” has to be a circle here: CIRCLE ra dec radius.")
    return Circle(region.longitude, region.latitude, region.radius)
