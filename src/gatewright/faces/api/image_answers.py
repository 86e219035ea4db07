"""What the API says of images and surveys."""

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from gatewright.core.clock import optional_timestamp
from gatewright.domains.sky import Coverage, Image, ImageKind, Survey, mjd_text

BASE = "/api/v1"


class ImageLinks(BaseModel):
    """Where the parts of an image are."""

    self: str = Field(description="This description.")
    file: str = Field(description="The whole file.")
    cutout: str = Field(description="Cut-outs; add pos, format and so on.")


class ImageAnswer(BaseModel):
    """One image of a survey."""

    id: str = Field(description="Name in URLs: survey, file and HDU.")
    survey: str = Field(description="Survey that it belongs to.")
    kind: str = Field(description=f"{', '.join(ImageKind)}.")
    calib_level: int = Field(
        description="Level of calibration: 1 raw, 2 calibrated, 3 made of several."
    )
    ra: float = Field(description="Right ascension of the middle, ICRS degrees.")
    dec: float = Field(description="Declination of the middle, ICRS degrees.")
    fov: float = Field(description="Diameter of the circle round it, degrees.")
    footprint: list[tuple[float, float]] = Field(
        description="Outline: right ascension and declination of its corners and of "
        "points between, ICRS degrees, counter-clockwise as seen from the Earth; true "
        "to a tenth of a pixel. Empty for an image that is wider than 160 degrees."
    )
    pieces: list[list[tuple[float, float]]] = Field(
        description="Outlines that together are the area of an image that is wider "
        "than 160 degrees; empty for any other."
    )
    t_min: float | None = Field(description="Beginning of the exposure, MJD UTC.")
    t_max: float | None = Field(description="End of the exposure, MJD UTC.")
    started_at: str | None = Field(description="Beginning, RFC 3339.")
    ended_at: str | None = Field(description="End, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the times are from the survey's table of times, and not "
        "from the header."
    )
    exposure: float | None = Field(description="Exposure time in seconds.")
    band: str | None = Field(description="Common name of the filter, such as g.")
    filter: str | None = Field(description="Filter as the header writes it.")
    em_min: float | None = Field(description="Shortest wavelength, metres.")
    em_max: float | None = Field(description="Longest wavelength, metres.")
    depth: float | None = Field(description="Limiting magnitude, if it is told.")
    seeing: float | None = Field(description="Width of a star, arcsec, if told.")
    width: int = Field(description="Pixels along a row.")
    height: int = Field(description="Rows.")
    pixel_scale: float = Field(description="Size of a pixel, arcsec.")
    facility: str | None = Field(description="Telescope.")
    instrument: str | None = Field(description="Camera.")
    target: str | None = Field(description="Object or field, as the header says.")
    observation: str = Field(description="Observation that it belongs to.")
    planes: int = Field(description="Planes of pixels; more than one in a cube.")
    samples: int = Field(description="Wavelengths of a cube; 1 for an image.")
    polarizations: str | None = Field(
        description="Polarization states, such as /I/Q/U/, if they are told."
    )
    hdu: int = Field(description="Number of the HDU in its file.")
    file_size: int = Field(description="Bytes of the whole file.")
    links: ImageLinks = Field(description="Where the pixels are.")


class ImageList(BaseModel):
    """A page of images."""

    images: list[ImageAnswer] = Field(
        description="Images in order of time, those without a time last."
    )
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class LeftOutAnswer(BaseModel):
    """A file that is not in the survey's index."""

    file: str = Field(description="Name of the file.")
    reason: str = Field(description="Why, such as “no celestial WCS”.")


class SurveyAnswer(BaseModel):
    """A collection of images."""

    id: str = Field(description="Name in URLs.")
    title: str = Field(description="Title.")
    state: Literal["ready", "empty", "unread"] = Field(
        description="“empty”: no image was found where the survey says; “unread”: "
        "nobody has looked yet."
    )
    links: dict[str, str] = Field(description="This survey, and its images.")


class SurveyList(BaseModel):
    """All surveys that the caller may see."""

    surveys: list[SurveyAnswer] = Field(description="Surveys by their ids.")
    next: None = Field(None, description="Always null: there is one page.")


class ReadingAnswer(BaseModel):
    """How far a look at a survey's files has come."""

    done: int = Field(description="New and changed files that have been read.")
    files: int = Field(description="New and changed files that there are.")


class SurveyDetail(SurveyAnswer):
    """A survey and what it holds."""

    images: int = Field(description="Number of images.")
    kinds: dict[str, int] = Field(description="Number of images of each kind.")
    bands: dict[str, int] = Field(description="Number of science images by band.")
    t_min: float | None = Field(description="First exposure, MJD UTC.")
    t_max: float | None = Field(description="End of the last exposure, MJD UTC.")
    cells: int = Field(description="HEALPix cells of order 6 with an image.")
    area: float = Field(
        description="Square degrees covered, at most: distinct footprints or the cells."
    )
    left_out: list[LeftOutAnswer] = Field(description="Files left out, and why.")
    scanned_at: str | None = Field(description="When its files were last looked at.")
    reading: ReadingAnswer | None = Field(
        description="How far the present look at its files has come; null without one."
    )


def image_answer(image: Image, prefix: str) -> dict[str, object]:
    """Return an image as JSON values; ``prefix`` is the path of the gateway's URL."""
    place = f"{prefix}{BASE}/images/{quote(image.id, safe='~=')}"
    return {
        "id": image.id,
        "survey": image.survey,
        "kind": str(image.kind),
        "calib_level": image.calib_level,
        "ra": image.ra,
        "dec": image.dec,
        "fov": image.fov,
        "footprint": image.polygon,
        "pieces": image.pieces,
        "t_min": image.t_min,
        "t_max": image.t_max,
        "started_at": None if image.t_min is None else mjd_text(image.t_min),
        "ended_at": None if image.t_max is None else mjd_text(image.t_max),
        "time_assumed": image.time_assumed,
        "exposure": image.exposure,
        "band": image.band,
        "filter": image.filter,
        "em_min": image.em_min,
        "em_max": image.em_max,
        "depth": image.depth,
        "seeing": image.seeing,
        "width": image.width,
        "height": image.height,
        "pixel_scale": image.scale,
        "facility": image.facility,
        "instrument": image.instrument,
        "target": image.target,
        "observation": image.observation,
        "planes": image.planes,
        "samples": image.samples,
        "polarizations": image.polarizations,
        "hdu": image.hdu,
        "file_size": image.file_size,
        "links": {
            "self": place,
            "file": f"{place}/file",
            "cutout": f"{place}/cutout",
        },
    }


def survey_answer(survey: Survey, coverage: Coverage, prefix: str) -> dict[str, object]:
    """Return a survey as JSON values; ``prefix`` is the path of the gateway's URL."""
    looked = "unread" if coverage.scanned_at is None else "empty"
    return {
        "id": survey.id,
        "title": survey.title,
        "state": "ready" if coverage.images else looked,
        "links": {
            "self": f"{prefix}{BASE}/surveys/{survey.id}",
            "images": f"{prefix}{BASE}/images?survey={survey.id}",
        },
    }


def survey_detail(survey: Survey, coverage: Coverage, prefix: str) -> dict[str, object]:
    """Return a survey with what it holds as JSON values."""
    return survey_answer(survey, coverage, prefix) | {
        "images": coverage.images,
        "kinds": coverage.kinds,
        "bands": coverage.bands,
        "t_min": coverage.t_min,
        "t_max": coverage.t_max,
        "cells": coverage.cells,
        "area": coverage.area,
        "left_out": [
            {"file": item.path.rpartition("/")[2], "reason": item.reason}
            for item in coverage.left_out
        ],
        "scanned_at": optional_timestamp(coverage.scanned_at),
        "reading": coverage.reading
        and {"done": coverage.reading.done, "files": coverage.reading.files},
    }
