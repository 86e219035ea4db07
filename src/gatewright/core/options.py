"""Settings of the plug-ins for the store and for the ways to sign in."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gatewright.core.config import Config, Identity, Section, StoreSettings
from gatewright.core.errors import InvalidRequest
from gatewright.core.plugins import IDENTITY, STORES, installed
from gatewright.core.systems import Fault, load_plugin


def settings_of(identity: Identity, name: str) -> Mapping[str, Any]:
    """Return the settings of one way to sign in, from the table ``[identity.NAME]``."""
    found = (identity.model_extra or {}).get(name, {})
    return found if isinstance(found, dict) else {}


def faults_of_identity(identity: Identity) -> Iterator[Fault]:
    """Yield the faults in the ways to sign in and their settings."""
    for name in identity.login:
        given = settings_of(identity, name)
        yield from _faults(IDENTITY, name, given, ("login",), (name,))
    for name, value in (identity.model_extra or {}).items():
        if name in identity.login and isinstance(value, dict):
            continue
        if isinstance(value, dict) and name in installed(IDENTITY):
            yield Fault((name,), "unused", f"add “{name}” to “login” of [identity]")
        else:
            yield Fault((name,), "extra_forbidden", "")


def faults_of_store(store: StoreSettings) -> Iterator[Fault]:
    """Yield the faults in the choice of the store's plug-in and in its settings."""
    yield from _faults(STORES, store.backend, store.model_extra or {}, ("backend",), ())


def _faults(
    group: str,
    name: str,
    given: Mapping[str, Any],
    named_at: tuple[str, ...],
    place: tuple[str, ...],
) -> Iterator[Fault]:
    try:
        load_plugin(group, name).options.model_validate(given)
    except InvalidRequest as error:
        yield Fault(named_at, "unknown_plugin", error.text)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            yield Fault((*place, *fault["loc"]), fault["type"], fault["msg"])


def with_absolute_paths(config: Config, folder: Path) -> Config:
    """Return a configuration with plug-ins' relative paths resolved in a folder."""
    identity, store = config.identity, config.store
    tables = {
        name: _absolute(IDENTITY, name, settings_of(identity, name), folder)
        for name in identity.login
        if settings_of(identity, name)
    }
    options = _absolute(STORES, store.backend, store.model_extra or {}, folder)
    return config.model_copy(
        update={
            "identity": identity.model_copy(update=tables),
            "store": store.model_copy(update=options),
        }
    )


def _absolute(
    group: str, name: str, given: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    options: Section = load_plugin(group, name).options.model_validate(given)
    paths = {
        field: folder / value
        for field in options.model_fields_set
        if isinstance(value := getattr(options, field), Path)
    }
    return {**given, **paths}
