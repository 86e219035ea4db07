"""Checks of what a survey's settings say of its headers."""

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky.bands import parse_band
from gatewright.domains.sky.model import ImageKind, SurveyRules

KEYWORDS = ("filter", "start", "end", "exposure")
"""What a setting may name the keyword of."""


def check_rules(rules: SurveyRules) -> SurveyRules:
    """Return rules as they are, if they can be kept.

    Raises
    ------
    InvalidRequest
        A band, a kind, a field or a level is none that there is.
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
    if rules.calib_level is not None and not 0 <= rules.calib_level <= 4:
        raise InvalidRequest("A level of calibration is a number from 0 to 4.")
    return rules
