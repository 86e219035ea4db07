"""The OpenAPI document as it is held against answers: without ``default`` responses.

A ``default`` response allows every status, so that a check of statuses would pass
whatever is answered.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

Operation = Mapping[str, Any]


def without_defaults(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of an OpenAPI document whose operations list each status."""
    strict = copy.deepcopy(dict(document))
    for operations in strict["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default", None)
    return strict


def template_of(document: Mapping[str, Any], method: str, path: str) -> str | None:
    """Return the path of the document that a decoded path has, or None.

    Of several the one with the fewest parameters is returned.
    """
    found: Iterable[str] = (
        template
        for template, operations in document["paths"].items()
        if method in map(str.upper, operations)
        and re.fullmatch(_pattern(template), path, re.DOTALL)
    )
    return min(found, key=lambda template: template.count("{"), default=None)


def undocumented(
    document: Mapping[str, Any], method: str, path: str, status: int
) -> str:
    """Return what is wrong with a status, empty if the document lists it.

    A path or method that the document does not have may be answered in any way.
    """
    template = template_of(document, method, path)
    if template is None:
        return ""
    listed = document["paths"][template][method.lower()]["responses"]
    return "" if str(status) in listed else f"{status} is none of {sorted(listed)}"


def _pattern(template: str) -> str:
    whole = re.escape(template).replace(r"\{path\}", ".+")
    return re.sub(r"\\\{\w+\\\}", "[^/]+", whole)
