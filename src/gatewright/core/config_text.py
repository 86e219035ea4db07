"""Writes a configuration as TOML, and its reference page as Markdown."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

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
        return "\n".join(_block(f"[[{name}]]", name, item) for item in part)
    return _block(f"[{name}]", name, part)


def _block(header: str, name: str, values: dict[str, Any]) -> str:
    """Return a table with its own settings first, then the tables within it."""
    inner = {key: value for key, value in values.items() if _is_table(value)}
    plain = {key: value for key, value in values.items() if key not in inner}
    tables = [_table(f"{name}.{_key(key)}", inner[key]) for key in inner]
    return "\n".join([f"{header}\n{_settings(plain)}", *tables])


def _is_table(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict)


def _settings(values: dict[str, Any]) -> str:
    # JSON strings, numbers, booleans and flat lists are valid TOML.
    return "".join(
        f"{_key(key)} = {json.dumps(value, ensure_ascii=True)}\n"
        for key, value in values.items()
    )


def _key(key: str) -> str:
    bare = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    return key if bare else json.dumps(key, ensure_ascii=True)


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
        lines += _tables_within(name, section)
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


def _tables_within(name: str, section: type[BaseModel]) -> Iterator[str]:
    """Yield the sections of the tables, and lists of them, within a table."""
    for key, field in section.model_fields.items():
        within: Any = next(iter(get_args(field.annotation)), None)
        if isinstance(within, type) and issubclass(within, BaseModel):
            many = get_origin(field.annotation) is list
            title = f"{name}.{key}"
            yield f"\n### `{f'[[{title}]]' if many else f'[{title}]'}`\n"
            yield from _table_of(within)
            yield from _tables_within(f"{name}.{key}", within)


def _table_of(section: type[BaseModel]) -> Iterator[str]:
    yield inspect.cleandoc(section.__doc__ or "") + "\n"
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
    if "$ref" in schema:
        return "table"
    if schema.get("type") == "object":
        return "table"
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        kind = _kind(schema["items"])
        return "list of tables" if kind == "table" else f"list of {kind}"
    names = {"integer": "whole number", "string": "text", "number": "number"}
    kind = str(schema["type"])
    return names.get(kind, kind)
