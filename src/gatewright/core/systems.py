"""Loads the plug-ins that a configured system names, and validates their settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar, runtime_checkable

from pydantic import ValidationError

from gatewright.core import plugins
from gatewright.core.config import Section, System
from gatewright.core.config_base import Existing
from gatewright.core.errors import InvalidRequest

SCHEDULERS: Final = "gatewright.schedulers"
FILE_SYSTEMS: Final = "gatewright.filesystems"
NONE: Final = "none"
"""Given instead of a plug-in's name if a system has no jobs, or no files."""

_GROUPS: Final = {"scheduler": SCHEDULERS, "filesystem": FILE_SYSTEMS}

Options = TypeVar("Options", bound=Section)


@runtime_checkable
class Plugin(Protocol):
    """A plug-in that has settings in a table of the configuration."""

    @property
    def options(self) -> type[Section]:
        """Pydantic model of the plug-in's settings."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong setting in the table of a system or another plug-in."""

    place: tuple[str | int, ...]
    """Keys that lead from the table to the setting."""
    kind: str
    """Type of the error as pydantic names it, or ``unknown_plugin``."""
    message: str
    """What is wrong, for the operator."""


def load_plugin(group: str, name: str) -> Plugin:
    """Return a plug-in that has settings.

    Raises
    ------
    InvalidRequest
        No plug-in of the group has that name, or it cannot be imported or has no
        settings model.
    """
    found = plugins.load(group, name)
    if isinstance(found, Plugin) and issubclass(found.options, Section):
        return found
    raise InvalidRequest(f"The plug-in “{name}” is not of the group {group}.")


def options_of(system: System, model: type[Options]) -> Options:
    """Return the settings in a system's table that belong to a model.

    Raises
    ------
    pydantic.ValidationError
        A setting is missing or wrong.
    """
    given = system.model_extra or {}
    return model.model_validate(
        {name: given[name] for name in model.model_fields if name in given}
    )


def faults_of(system: System) -> Iterator[Fault]:
    """Yield the faults of a system: unknown plug-ins, and wrong or unknown settings."""
    unknown = dict.fromkeys(system.model_extra or {})
    broken = False
    for field, group in _GROUPS.items():
        name = getattr(system, field)
        if name == NONE:
            continue
        try:
            model = load_plugin(group, name).options
        except InvalidRequest as error:
            yield Fault((field,), "unknown_plugin", error.text)
            broken = True
            continue
        unknown = {name: None for name in unknown if name not in model.model_fields}
        try:
            options_of(system, model)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                yield Fault(tuple(fault["loc"]), fault["type"], fault["msg"])
    if not broken:
        yield from (Fault((name,), "extra_forbidden", "") for name in unknown)


def paths_of(system: System) -> Mapping[str, Path]:
    """Return those settings of a system's plug-ins that are paths and are given."""
    found: dict[str, Path] = {}
    for field, group in _GROUPS.items():
        name = getattr(system, field)
        if name != NONE:
            options = options_of(system, load_plugin(group, name).options)
            given = {name: getattr(options, name) for name in options.model_fields_set}
            found |= {n: value for n, value in given.items() if isinstance(value, Path)}
    return found


def existing_paths(system: System) -> Mapping[str, Path]:
    """Return those settings of a system's plug-ins that are marked as existing paths.

    The mark is :class:`gatewright.core.config_base.Existing`.
    """
    found: dict[str, Path] = {}
    for field, group in _GROUPS.items():
        name = getattr(system, field)
        if name == NONE:
            continue
        options = options_of(system, load_plugin(group, name).options)
        for setting, about in type(options).model_fields.items():
            value = getattr(options, setting)
            if value and any(isinstance(mark, Existing) for mark in about.metadata):
                found[setting] = Path(value)
    return found


def plugin_models(group: str) -> Iterator[tuple[str, type[Section]]]:
    """Yield the name and the settings model of each plug-in of a group.

    Plug-ins that cannot be loaded are left out.
    """
    for name in plugins.installed(group):
        try:
            yield name, load_plugin(group, name).options
        except InvalidRequest:
            continue
