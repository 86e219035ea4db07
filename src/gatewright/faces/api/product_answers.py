"""JSON descriptions of coadds, differences and light curves."""

import math
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from gatewright.core.caller import Caller
from gatewright.core.clock import timestamp
from gatewright.core.config import Config
from gatewright.domains.processing import LightCurve, LightPoint, Product
from gatewright.domains.sky import mjd_text

BASE = "/api/v1"


class DetectionAnswer(BaseModel):
    """A source detected in a difference image."""

    number: int = Field(description="Number within the difference, from 1.")
    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    x: float = Field(description="Column in the difference, from 0.")
    y: float = Field(description="Row in the difference, from 0.")
    snr: float = Field(
        description="Significance in sigma; negative if the source became fainter."
    )
    flux: float = Field(description="Point-source flux, in the science image's units.")
    flux_error: float = Field(description="Error of the flux (one sigma).")
    features: dict[str, float] = Field(
        description="Measures that distinguish real sources from artefacts."
    )
    aside: str | None = Field(
        description="Why it is no candidate: dipole, cosmic-ray, edge, bleed, residual "
        "or trail; null for a candidate."
    )


class ProductLinks(BaseModel):
    """URLs of a product."""

    self: str = Field(description="This document.")
    image: str = Field(description="Its pixels; add “plane” and “format”.")


class ProductAnswer(BaseModel):
    """A coadd or a difference."""

    id: str = Field(description="Name in URLs; equal requests have equal ids.")
    kind: Literal["coadd", "difference"] = Field(description="Kind of product.")
    state: Literal["working", "ready", "failed"] = Field(
        description="State; while it is “working”, request it again later."
    )
    reason: str | None = Field(description="Why it failed.")
    request: dict[str, Any] = Field(description="The images, the place, the method.")
    owner: str | None = Field(
        description="Account that requested it first; null for visitors."
    )
    created_at: str = Field(description="Time of the first request, RFC 3339.")
    planes: list[str] = Field(description="Names of its planes of pixels.")
    report: dict[str, Any] = Field(
        description="Provenance and measurements: version, point-spread functions with "
        "the stars used and rejected, flux scales with errors, shifts, noise; the zero "
        "point of the (science) image, with its error and catalogue."
    )
    links: ProductLinks = Field(description="URLs of the product.")


class CoaddAnswer(ProductAnswer):
    """Several images combined into one."""


class DifferenceAnswer(ProductAnswer):
    """A science image minus a reference image."""

    reference: str | None = Field(
        description="Id of the coadd that was subtracted: the version of the "
        "reference; null if single images were named."
    )
    detections: list[DetectionAnswer] = Field(
        description="Sources above 5 sigma, the most significant first."
    )


class LightPointAnswer(BaseModel):
    """The flux at the place in one image."""

    image: str = Field(description="Id of the image.")
    mjd: float | None = Field(description="Middle of the exposure, MJD UTC.")
    time: str | None = Field(description="Middle of the exposure, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the time comes from the survey's table, not the header."
    )
    band: str | None = Field(description="Band of the filter.")
    flux: float | None = Field(description="Flux, in the first image's units.")
    flux_error: float | None = Field(description="Error of the flux (one sigma).")
    upper_limit: float | None = Field(
        description="Five-sigma upper limit of the flux; null if a source is detected."
    )
    scale: float | None = Field(
        description="Factor that the flux was divided by; 1 if no star tells it."
    )
    scale_error: float | None = Field(
        description="Error of the scale, common to all fluxes of the image. Null if "
        "the image shares no star with the first: its flux is then in its own units, "
        "and cannot be compared unless these are the same."
    )
    magnitude: float | None = Field(
        description="Magnitude in “system”; null without a zero point or a detection."
    )
    magnitude_error: float | None = Field(
        description="Error of the magnitude (one sigma), with that of the zero point."
    )
    magnitude_limit: float | None = Field(
        description="Magnitude of the upper limit; null without one or a zero point."
    )
    zero_point: float | None = Field(
        description="Magnitude of a flux of 1 in this image's own units, which is a "
        "“flux” of 1 / “scale”."
    )
    zero_point_error: float | None = Field(
        description="Error of the zero point, common to all sources of the image."
    )
    zero_point_scatter: float | None = Field(
        description="Standard deviation of the zero points of single stars."
    )
    zero_point_stars: int | None = Field(
        description="Number of stars that the zero point was measured from."
    )
    zero_point_rejected: int | None = Field(
        description="Number of the catalogue's stars in the image that were left out."
    )
    zero_point_reason: str | None = Field(
        description="Why there is no zero point, although the survey has a catalogue."
    )
    system: str = Field(
        description="Photometric system of the catalogue, as the operator names it; "
        "“instrumental” for fluxes that no catalogue calibrates."
    )
    catalogue: str | None = Field(description="Name of the zero point's catalogue.")
    catalogue_sha256: str | None = Field(description="Digest of the catalogue's file.")
    catalogue_damaged_rows: int | None = Field(
        description="Number of rows of the catalogue that could not be read."
    )
    version: str | None = Field(
        description="Version of Gatewright that measured the zero point."
    )
    reason: str | None = Field(description="Why nothing was measured.")


class LightCurveAnswer(BaseModel):
    """The fluxes at one place in all images that cover it."""

    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    units_of: str = Field(description="Image whose units the fluxes are in.")
    zero_point: float | None = Field(
        description="Zero point of that image; null if no catalogue gives it one."
    )
    untied: int = Field(
        description="Number of points whose scale is not known, as no chain of shared "
        "stars ties their images to the one of “units_of”. Their “scale_error” is "
        "null, and their fluxes cannot be compared with the others."
    )
    points: list[LightPointAnswer] = Field(description="Fluxes, sorted by time.")


def product_answer(
    product: Product, caller: Caller, config: Config
) -> dict[str, object]:
    """Return a product as JSON values; visitors are not told its owner."""
    place = f"{config.prefix}{BASE}/{product.kind}s/{quote(product.id)}"
    answer: dict[str, object] = {
        "id": product.id,
        "kind": str(product.kind),
        "state": str(product.state),
        "reason": product.reason,
        "request": product.request,
        "owner": product.owner if caller.signed_in else None,
        "created_at": timestamp(product.created_at),
        "planes": list(product.planes),
        "report": product.report,
        "links": {"self": place, "image": f"{place}/image"},
    }
    if product.kind == "difference":
        answer["reference"] = product.reference
        answer["detections"] = [
            {
                "number": found.number,
                "ra": found.ra,
                "dec": found.dec,
                "x": found.x,
                "y": found.y,
                "snr": found.snr,
                "flux": found.flux,
                "flux_error": found.flux_error,
                "features": found.features,
                "aside": None if found.aside is None else str(found.aside),
            }
            for found in product.detections
        ]
    return answer


def light_curve_answer(curve: LightCurve) -> dict[str, object]:
    """Return a light curve as JSON values."""
    return {
        "ra": curve.ra,
        "dec": curve.dec,
        "units_of": curve.units_of,
        "zero_point": next(
            (
                point.calibration.zero_point
                for point in curve.points
                if point.image == curve.units_of and point.calibration is not None
            ),
            None,
        ),
        "untied": sum(point.untied for point in curve.points),
        "points": [point_answer(point) for point in curve.points],
    }


def point_answer(point: LightPoint) -> dict[str, object]:
    """Return one point as JSON values, with None for unknown ones."""
    zero = point.calibration
    return {
        "image": point.image,
        "mjd": point.mjd,
        "time": None if point.mjd is None else mjd_text(point.mjd),
        "time_assumed": point.assumed,
        "band": point.band,
        "flux": _known(point.flux),
        "flux_error": _known(point.flux_error),
        "upper_limit": point.upper_limit,
        "scale": _known(point.scale),
        "scale_error": _known(point.scale_error),
        "magnitude": point.magnitude,
        "magnitude_error": point.magnitude_error,
        "magnitude_limit": point.magnitude_limit,
        "zero_point": zero and zero.zero_point,
        "zero_point_error": zero and zero.zero_point_error,
        "zero_point_scatter": zero and zero.scatter,
        "zero_point_stars": zero and zero.stars,
        "zero_point_rejected": zero and sum(zero.rejected.values()),
        "zero_point_reason": point.uncalibrated,
        "system": zero.system if zero else "instrumental",
        "catalogue": zero and zero.catalogue,
        "catalogue_sha256": zero and zero.digest,
        "catalogue_damaged_rows": zero and zero.damaged,
        "version": zero and zero.version,
        "reason": point.reason,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
