"""Writes a configuration as TOML, and its reference page as Markdown."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from gatewright.core.config import Config
from gatewright.core.config_words import section_of
from gatewright.core.plugins import IDENTITY, STORES
from gatewright.core.systems import FILE_SYSTEMS, SCHEDULERS, plugin_models


def to_toml(config: Config) -> str:
    """Return a TOML text that reads back as the same configuration."""
    values = config.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    blocks = [_table(name, part) for name, part in values.items()]
    return "\n".join(blocks)


def _table(name: str, part: Any) -> str:
    if isinstance(part, list):
        return "\n".join(f"[[{name}]]\n{_settings(item)}" for item in part)
    plain = {key: value for key, value in part.items() if not isinstance(value, dict)}
    inner = [_table(f"{name}.{key}", part[key]) for key in part if key not in plain]
    return "\n".join([f"[{name}]\n{_settings(plain)}", *inner])


def _settings(values: dict[str, Any]) -> str:
    # JSON strings, numbers, booleans and flat lists are valid TOML.
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=True)}\n"
        for key, value in values.items()
    )


def reference() -> str:
    """Return the configuration's reference page as Markdown."""
    lines = [
        "# Configuration",
        "",
        "One TOML file; unknown settings are refused. `gatewright check FILE` names",
        "every mistake with its line. This page is generated from the types.",
    ]
    for name, field in Config.model_fields.items():
        section = section_of(field.annotation)
        many = field.annotation is not section
        lines.append(f"\n## `{'[[' if many else '['}{name}{']]' if many else ']'}`\n")
        lines += _table_of(section)
        for group, title in _PLUGINS.get(name, {}).items():
            for plugin, model in plugin_models(group):
                if model.model_fields:
                    lines.append(f"\n### `{title.format(plugin)}`\n")
                    lines += _table_of(model)
    return "\n".join(lines) + "\n"


_PLUGINS: Mapping[str, Mapping[str, str]] = {
    "identity": {IDENTITY: "[identity.{}]"},
    "store": {STORES: 'backend = "{}"'},
    "systems": {SCHEDULERS: 'scheduler = "{}"', FILE_SYSTEMS: 'filesystem = "{}"'},
}
"""Plug-in groups whose settings belong to a table, each with the heading of its
section."""


def _table_of(section: type[BaseModel]) -> Iterator[str]:
    yield (section.__doc__ or "").strip() + "\n"
    yield "| setting | type | default | meaning |"
    yield "|---|---|---|---|"
    kinds = section.model_json_schema()["properties"]
    for name, field in section.model_fields.items():
        default = "required"
        if field.default is None:
            default = "-"
        elif field.default is not PydanticUndefined:
            value = field.default
            text = json.dumps(str(value) if isinstance(value, Path) else value)
            default = f"`{text}`"
        meaning = " ".join((field.description or "").split())
        yield f"| `{name}` | {_kind(kinds[name])} | {default} | {meaning} |"


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        parts = [_kind(part) for part in schema["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    names = {"integer": "whole number", "string": "text", "number": "number"}
    kind = str(schema["type"])
    return names.get(kind, kind)
