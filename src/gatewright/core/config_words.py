"""Turns pydantic's validation errors into sentences for operators."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from gatewright.core.config import Config, StoreSettings, System
from gatewright.core.plugins import STORES
from gatewright.core.systems import FILE_SYSTEMS, SCHEDULERS, plugin_models

Location = tuple[str | int, ...]

EMPTY = "it has to have at least one entry"
_WORDS: Mapping[str, str] = {
    "missing": "it is required",
    "string_type": "it has to be text, in quotes",
    "path_type": "it has to be a path, in quotes",
    "int_type": "it has to be a whole number",
    "int_parsing": "it has to be a whole number, without quotes",
    "int_from_float": "it has to be a whole number",
    "float_type": "it has to be a number",
    "float_parsing": "it has to be a number, without quotes",
    "bool_type": "it has to be true or false",
    "bool_parsing": "it has to be true or false",
    "list_type": "it has to be a list, in square brackets",
    "tuple_type": "it has to be a list, in square brackets",
    "dict_type": "it has to be a table of settings",
    "too_short": EMPTY,
    "string_too_short": "it must not be empty",
    "model_type": "it has to be a table of settings",
    "string_pattern_mismatch": "it has to be a name: at most 128 letters, digits, “.”, "
    "“_” and “-”, with a letter or digit first",
}
_COMPARED = re.compile(r"Input should be (greater|less) than or equal to (\S+)")
_LIMITS = {"greater": "at least", "less": "at most"}


def in_words(location: Location, kind: str, message: str) -> str:
    """Return a sentence for a pydantic error.

    Parameters
    ----------
    location
        Keys and list indices that lead to the setting.
    kind
        Type of the error, such as ``missing``.
    message
        Pydantic's own message, used for types that have no sentence here.
    """
    if kind == "extra_forbidden":
        return f"there is no such setting{_hint(location)}"
    if kind in _WORDS:
        return _WORDS[kind]
    if compared := _COMPARED.fullmatch(message):
        return f"it has to be {_LIMITS[compared[1]]} {compared[2]}"
    plain = message.removeprefix("Value error, ")
    return plain.replace("Input should be", "it has to be")


def _hint(location: Location) -> str:
    """Return a hint of the most similar known setting; empty if none is similar."""
    section: type[BaseModel] = Config
    for part in location[:-1]:
        if isinstance(part, str):
            if part not in section.model_fields:
                return ""  # a plug-in's own table
            section = section_of(section.model_fields[part].annotation)
    plugins = _settings_of_plugins(section)
    name = str(location[-1])
    if name in plugins:
        return f" here; it belongs to {plugins[name]}"
    near = get_close_matches(name, [*section.model_fields, *plugins], n=1)
    return f"; “{near[0]}” is one" if near else ""


def _settings_of_plugins(section: type[BaseModel]) -> Mapping[str, str]:
    """Return the settings that plug-ins add to a table, and what chooses each."""
    found: dict[str, str] = {}
    for key, group in _GROUPS.get(section, {}).items():
        for plugin, model in plugin_models(group):
            for name in model.model_fields:
                found.setdefault(name, f'{key} = "{plugin}"')
    return found


_GROUPS: Mapping[type[BaseModel], Mapping[str, str]] = {
    System: {"scheduler": SCHEDULERS, "filesystem": FILE_SYSTEMS},
    StoreSettings: {"backend": STORES},
}
"""Settings that choose a plug-in, whose settings stand in the same table."""


def section_of(annotation: Any) -> type[BaseModel]:
    """Return the model of a field that is a table or a list of tables."""
    arguments = getattr(annotation, "__args__", None)
    found: type[BaseModel] = arguments[0] if arguments else annotation
    return found


def dotted(location: Location) -> str:
    """Return a setting's dotted name; tables in a list are counted from 1."""
    parts = (f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in location)
    return "".join(parts).lstrip(".")
