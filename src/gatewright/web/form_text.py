"""Values of HTML form fields: text of several lines, and empty fields."""

from typing import Any

from pydantic import BeforeValidator


def unix_lines(text: str) -> str:
    """Return a form field's text with LF instead of CR LF at the ends of lines.

    Browsers end the lines of form fields with CR LF, whatever was typed (HTML, section
    4.10.22, "Form submission"), and shells do not accept these.
    """
    return text.replace("\r\n", "\n")


def _filled(value: Any) -> Any:
    """Return a parameter's value, or None if it is empty."""
    if isinstance(value, list):
        return [one for one in value if one.strip()] or None
    return value if value.strip() else None


EMPTY_IS_NONE = BeforeValidator(_filled)
"""Annotation of a parameter whose empty values count as not given.

Browsers send all fields of a form, empty ones too.
"""
