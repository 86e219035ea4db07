"""Fields of forms: those of several lines, and those that nobody filled in."""

from typing import Any

from pydantic import BeforeValidator


def unix_lines(text: str) -> str:
    """Return a field's text with the line ends that it had in the page.

    Every browser ends the lines of a form's field with CR LF, whatever was typed (HTML,
    section 4.10.22, "Form submission"), and no shell reads these.
    """
    return text.replace("\r\n", "\n")


def _filled(value: Any) -> Any:
    """Return what was given of a parameter; None if that is empty."""
    if isinstance(value, list):
        return [one for one in value if one.strip()] or None
    return value if value.strip() else None


EMPTY_IS_NONE = BeforeValidator(_filled)
"""Annotation of a parameter whose empty values are as if they were not given.

A browser sends all fields of a form, also those that nobody filled in.
"""
