"""Coadds, differences and light curves as JSON."""

import math
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from gatewright.core.clock import timestamp
from gatewright.domains.processing import Detection, LightCurve, LightPoint, Product
from gatewright.domains.sky import mjd_text

BASE = "/api/v1"


class DetectionAnswer(BaseModel):
    """A place where a difference is more than noise."""

    number: int = Field(description="Number within the difference, from 1.")
    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    x: float = Field(description="Column in the difference, from 0.")
    y: float = Field(description="Row in the difference, from 0.")
    snr: float = Field(description="Sigma; below 0 for light that is gone.")
    flux: float = Field(description="Flux of a star, in the science image's units.")
    flux_error: float = Field(description="Its error (one sigma).")
    features: dict[str, float] = Field(description="What tells real from bogus.")
    aside: str | None = Field(
        description="Why it is kept aside: dipole, cosmic-ray, edge, bleed, residual, "
        "trail; null for a candidate."
    )


class ProductLinks(BaseModel):
    """Addresses of a product."""

    self: str = Field(description="This document.")
    image: str = Field(description="Its pixels, with “plane” and “format”.")


class ProductAnswer(BaseModel):
    """A coadd or a difference."""

    id: str = Field(description="Name in URLs; the same request gives the same.")
    kind: Literal["coadd", "difference"] = Field(description="What it is.")
    state: Literal["working", "ready", "failed"] = Field(
        description="How far it is. One that is “working” is asked for again."
    )
    reason: str | None = Field(description="Why it failed.")
    request: dict[str, Any] = Field(description="The images, the place, the method.")
    owner: str = Field(description="Who asked for it first.")
    created_at: str = Field(description="When, RFC 3339.")
    planes: list[str] = Field(description="Pictures that it has.")
    report: dict[str, Any] = Field(
        description="Provenance and measures: version, point-spread functions with "
        "stars used and rejected, scales of flux with their errors, shifts, noise."
    )
    links: ProductLinks = Field(description="Where it is.")


class CoaddAnswer(ProductAnswer):
    """Several images as one."""


class DifferenceAnswer(ProductAnswer):
    """A science image less a reference."""

    detections: list[DetectionAnswer] = Field(
        description="What was found above 5 sigma, the most significant first."
    )


class LightPointAnswer(BaseModel):
    """Flux at the place in one image."""

    image: str = Field(description="The image.")
    mjd: float | None = Field(description="Middle of the exposure, MJD UTC.")
    time: str | None = Field(description="The same, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the time is from the survey's table and not the header."
    )
    band: str | None = Field(description="Band of the filter.")
    flux: float | None = Field(description="Flux, in the first image's units.")
    flux_error: float | None = Field(description="Its error (one sigma).")
    upper_limit: float | None = Field(
        description="Flux that would have been seen; null where a source is seen."
    )
    scale: float | None = Field(description="Factor that fluxes were divided by.")
    scale_error: float | None = Field(description="Its error, common to the image.")
    reason: str | None = Field(description="Why nothing was measured.")


class LightCurveAnswer(BaseModel):
    """One place over all its images."""

    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    units_of: str = Field(description="Image whose units the fluxes are in.")
    zero_point: float | None = Field(
        description="Magnitude of one unit; null for fluxes that are relative."
    )
    points: list[LightPointAnswer] = Field(description="In order of time.")


def product_answer(product: Product, prefix: str) -> dict[str, object]:
    """Return a product as JSON values."""
    place = f"{prefix}{BASE}/{product.kind}s/{quote(product.id)}"
    answer: dict[str, object] = {
        "id": product.id,
        "kind": str(product.kind),
        "state": str(product.state),
        "reason": product.reason,
        "request": product.request,
        "owner": product.owner,
        "created_at": timestamp(product.created_at),
        "planes": list(product.planes),
        "report": product.report,
        "links": {"self": place, "image": f"{place}/image"},
    }
    if product.kind == "difference":
        answer["detections"] = list(map(detection_answer, product.detections))
    return answer


def detection_answer(found: Detection) -> dict[str, object]:
    """Return a detection as JSON values."""
    return {
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


def light_curve_answer(curve: LightCurve) -> dict[str, object]:
    """Return a light curve as JSON values."""
    return {
        "ra": curve.ra,
        "dec": curve.dec,
        "units_of": curve.calibration.frame,
        "zero_point": curve.calibration.zero_point,
        "points": list(map(point_answer, curve.points)),
    }


def point_answer(point: LightPoint) -> dict[str, object]:
    """Return one point as JSON values, null for what is not known."""
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
        "reason": point.reason,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
