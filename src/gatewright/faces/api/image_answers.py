"""JSON descriptions of telescope images and surveys."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from pydantic import BaseModel, Field

from gatewright.core.clock import optional_timestamp
from gatewright.domains.sky import (
    Coverage,
    Image,
    ImageKind,
    ImageTable,
    Survey,
    mjd_text,
    mjd_texts,
)

BASE = "/api/v1"
_PLAIN = re.compile(r"[A-Za-z0-9._~=-]+")
"""Names that are the same in URLs; most are, and quoting takes longer than looking."""


class ImageLinks(BaseModel):
    """URLs of an image."""

    self: str = Field(description="This description.")
    file: str = Field(description="The whole file.")
    cutout: str = Field(description="Cut-outs; add parameters such as pos and format.")


class ImageAnswer(BaseModel):
    """An image of a survey."""

    id: str = Field(description="Name in URLs: survey, file and HDU.")
    survey: str = Field(description="Survey that contains the image.")
    kind: str = Field(description=f"{', '.join(ImageKind)}.")
    calib_level: int = Field(
        description="Calibration level: 1 raw, 2 calibrated, 3 combined from several."
    )
    ra: float = Field(description="Right ascension of the centre, ICRS degrees.")
    dec: float = Field(description="Declination of the centre, ICRS degrees.")
    fov: float = Field(description="Diameter of the enclosing circle, degrees.")
    footprint: list[tuple[float, float]] = Field(
        description="Outline: right ascension and declination of the corners and of "
        "points between, ICRS degrees, counter-clockwise on the sky, accurate to a "
        "tenth of a pixel. Empty for an image wider than 160 degrees."
    )
    pieces: list[list[tuple[float, float]]] = Field(
        description="Outlines that together cover an image wider than 160 degrees; "
        "empty for other images."
    )
    t_min: float | None = Field(description="Beginning of the exposure, MJD UTC.")
    t_max: float | None = Field(description="End of the exposure, MJD UTC.")
    started_at: str | None = Field(description="Beginning, RFC 3339.")
    ended_at: str | None = Field(description="End, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the times come from the survey's table of times, not from "
        "the header."
    )
    exposure: float | None = Field(description="Exposure time in seconds.")
    band: str | None = Field(description="Common name of the filter, such as g.")
    filter: str | None = Field(description="Filter as the header writes it.")
    em_min: float | None = Field(description="Shortest wavelength, metres.")
    em_max: float | None = Field(description="Longest wavelength, metres.")
    depth: float | None = Field(description="Limiting magnitude, if known.")
    seeing: float | None = Field(description="FWHM of stars, arcsec, if known.")
    width: int = Field(description="Number of columns of pixels.")
    height: int = Field(description="Number of rows of pixels.")
    pixel_scale: float = Field(description="Size of a pixel, arcsec.")
    facility: str | None = Field(description="Telescope.")
    instrument: str | None = Field(description="Camera.")
    target: str | None = Field(description="Object or field, as the header names it.")
    observation: str = Field(description="Id of the observation.")
    planes: int = Field(description="Number of planes; more than one in a cube.")
    samples: int = Field(description="Number of wavelengths; 1 for an image.")
    polarizations: str | None = Field(
        description="Polarization states, such as /I/Q/U/, if known."
    )
    hdu: int = Field(description="Number of the HDU in its file.")
    file_size: int = Field(description="Bytes of the whole file.")
    links: ImageLinks = Field(description="URLs of the image.")


class ImageList(BaseModel):
    """A page of images."""

    images: list[ImageAnswer] = Field(
        description="Images, sorted by time; those without a time come last."
    )
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class LeftOutAnswer(BaseModel):
    """A file that could not be indexed."""

    file: str = Field(description="Name of the file.")
    reason: str = Field(description="Why, such as “no celestial WCS”.")


class SurveyAnswer(BaseModel):
    """A collection of images."""

    id: str = Field(description="Name in URLs.")
    title: str = Field(description="Title.")
    state: Literal["ready", "empty", "unread"] = Field(
        description="“empty”: no image matches the survey's path pattern; “unread”: "
        "the files were not indexed yet."
    )
    links: dict[str, str] = Field(description="URLs of the survey and its images.")


class SurveyList(BaseModel):
    """The surveys that you may see."""

    surveys: list[SurveyAnswer] = Field(description="Surveys by their ids.")
    next: None = Field(None, description="Always null: there is one page.")


class ReadingAnswer(BaseModel):
    """Progress of the indexing of a survey's files."""

    done: int = Field(description="New and changed files that were read so far.")
    files: int = Field(description="New and changed files in total.")


class SurveyDetail(SurveyAnswer):
    """A survey with statistics of its images."""

    images: int = Field(description="Number of images.")
    kinds: dict[str, int] = Field(description="Number of images of each kind.")
    bands: dict[str, int] = Field(description="Number of science images by band.")
    t_min: float | None = Field(description="First exposure, MJD UTC.")
    t_max: float | None = Field(description="End of the last exposure, MJD UTC.")
    cells: int = Field(description="HEALPix cells of order 6 with an image.")
    area: float = Field(
        description="Upper bound of the covered area in square degrees: the sum of "
        "distinct footprints, or the area of the cells if that is smaller."
    )
    left_out: list[LeftOutAnswer] = Field(description="Files not indexed, and why.")
    scanned_at: str | None = Field(description="When its files were last indexed.")
    reading: ReadingAnswer | None = Field(
        description="Progress of the indexing now; null if none is running."
    )


_ImageRow = msgspec.defstruct("_ImageRow", list(ImageAnswer.model_fields))
_RENAMED = {"footprint": "polygon", "pixel_scale": "scale"}
IMAGE_UNITS = {
    **dict.fromkeys(("ra", "dec", "fov", "footprint", "pieces"), "deg"),
    **dict.fromkeys(("t_min", "t_max"), "d"),
    **dict.fromkeys(("em_min", "em_max"), "m"),
    **dict.fromkeys(("width", "height"), "pixel"),
    "exposure": "s",
    "depth": "mag",
    "seeing": "arcsec",
    "pixel_scale": "arcsec",
    "file_size": "byte",
}
"""Units of the values of an image, as VOUnits writes them."""


def image_columns(table: ImageTable, prefix: str) -> dict[str, Sequence[Any]]:
    """Return the values of :func:`image_answer` by name, for all images of a table."""
    told = table.columns
    made: dict[str, Sequence[Any]] = {
        "started_at": mjd_texts(told["t_min"]),
        "ended_at": mjd_texts(told["t_max"]),
        "links": [image_links(image, prefix) for image in told["id"]],
    }
    return {
        name: made[name] if name in made else told[_RENAMED.get(name, name)]
        for name in ImageAnswer.model_fields
    }


def images_json(columns: Mapping[str, Sequence[Any]], following: str | None) -> bytes:
    """Return the JSON of an :class:`ImageList`, from the values of its images by name.

    No image is made of a row, nor a dictionary: a page of 10,000 would take twice as
    long. ``following`` is the cursor of the next page.
    """
    rows = list(map(_ImageRow, *(columns[name] for name in ImageAnswer.model_fields)))
    return msgspec.json.encode({"images": rows, "next": following})


def image_links(image: str, prefix: str) -> dict[str, str]:
    """Return the URLs of an image by its id."""
    name = image if _PLAIN.fullmatch(image) else quote(image, safe="~=")
    place = f"{prefix}{BASE}/images/{name}"
    return {"self": place, "file": f"{place}/file", "cutout": f"{place}/cutout"}


def image_answer(image: Image, prefix: str) -> dict[str, object]:
    """Return an image as JSON values; ``prefix`` is the path of the gateway's URL."""
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
        "links": image_links(image.id, prefix),
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
            "coverage": f"{prefix}{BASE}/surveys/{survey.id}/coverage",
        },
    }


def survey_detail(survey: Survey, coverage: Coverage, prefix: str) -> dict[str, object]:
    """Return a survey with the statistics of its images as JSON values."""
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
