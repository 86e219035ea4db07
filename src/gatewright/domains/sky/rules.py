"""Checks the rules by which a survey's headers are read, and applies its times."""

import math
from dataclasses import replace
from pathlib import PurePath

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky.bands import parse_band
from gatewright.domains.sky.model import Image, ImageKind, SurveyFile, SurveyRules
from gatewright.domains.sky.times import parse_times

KEYWORDS = ("filter", "start", "end", "exposure")
"""Values for which a survey's settings can name the header keyword."""


def check_rules(rules: SurveyRules) -> SurveyRules:
    """Return the rules unchanged if all their values are valid.

    Raises
    ------
    InvalidRequest
        A band, a kind of image, a name of a keyword, a time or a calibration level is
        not valid.
    """
    for name, band in rules.filters.items():
        parse_band(band, name)
    for pattern, kind in rules.kinds.items():
        if kind not in list(ImageKind):
            raise InvalidRequest(
                f"“{kind}” (for {pattern}) is no kind of image. Give one of "
                f"{', '.join(ImageKind)}."
            )
    for field in rules.keywords:
        if field not in KEYWORDS:
            raise InvalidRequest(
                f"A keyword can be named for {', '.join(KEYWORDS)}, not for “{field}”."
            )
    for times in rules.times.values():
        parse_times(times)
    if rules.calib_level is not None and not 0 <= rules.calib_level <= 4:
        raise InvalidRequest("A level of calibration is a number from 0 to 4.")
    return rules


def with_times(image: Image, file: SurveyFile, rules: SurveyRules) -> Image:
    """Return the image with the times that the survey's settings give to its file.

    The settings name a file by its path below the survey's folder or by its name alone.
    An image whose file they do not name is returned unchanged.
    """
    text = rules.times.get(file.name) or rules.times.get(PurePath(file.name).name)
    if text is None:
        return image
    told = parse_times(text)
    low, high = (t if math.isfinite(t) else None for t in (told.low, told.high))
    return replace(image, t_min=low, t_max=high, time_assumed=True)
