"""Reads the configuration file and reports every mistake with its line number."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from gatewright.core import options, plugins, systems
from gatewright.core.config import Config, Identity, StoreSettings, System
from gatewright.core.config_words import EMPTY, Location, dotted, in_words
from gatewright.core.errors import InvalidRequest

FILE_NAME = "gatewright.toml"
"""File name of the configuration that ``gatewright demo`` keeps in its state folder."""

_TABLE = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")
_TOML_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a configuration file."""

    line: int
    """Line number, counted from 1; 0 if the mistake has no line."""
    where: str
    """Dotted name of the setting; empty if the whole file is meant."""
    what: str
    """What is wrong, for the operator."""

    @override
    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.where}: {self.what}" if self.where else place + self.what


class ConfigurationError(InvalidRequest):
    """The configuration file has mistakes; its text has one line for each."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(f"{path}: {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


def load_config(path: Path) -> Config:
    """Return the configuration in a file, with relative paths resolved.

    Relative paths begin in the file's folder.

    Raises
    ------
    ConfigurationError
        The file cannot be read, is not TOML, or has settings that are unknown or wrong.
        All of them are reported at once.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ConfigurationError(path, [Mistake(0, "", str(reason))]) from error
    config = parse_config(text, path)
    return _absolute(config, path.resolve().parent)


def parse_config(text: str, path: Path = Path(FILE_NAME)) -> Config:
    """Return the configuration in a TOML text; ``path`` names it in errors.

    Paths stay as they are written.

    Raises
    ------
    ConfigurationError
        The text is not TOML, or has settings that are unknown or wrong.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else len(text.splitlines())
        mistake = _no_toml(line, text, _TOML_LINE.sub("", str(error)))
        raise ConfigurationError(path, [mistake]) from error
    lines = locate(text)
    mistakes = [
        *_mistakes_of_systems(tables, lines),
        *_mistakes_of_faces(tables, lines),
        *_mistakes_of_datasets(tables, lines),
        *_mistakes_of_plugins(tables, lines),
    ]
    try:
        config = Config.model_validate(tables)
    except ValidationError as error:
        mistakes += [
            mistake_at(
                tuple(fault["loc"]), str(fault["type"]), str(fault["msg"]), lines
            )
            for fault in error.errors(include_url=False)
        ]
        raise ConfigurationError(path, _in_order(mistakes)) from error
    if mistakes:
        raise ConfigurationError(path, _in_order(mistakes))
    return config


def _no_toml(line: int, text: str, why: str) -> Mistake:
    """Return the mistake of a line that is no TOML, with the key that it sets."""
    key = _KEY.match("".join(text.splitlines()[line - 1 : line]))
    for beginning, words in _TOML_WORDS.items():
        if why.startswith(beginning):
            why = words
    return Mistake(line, key[1] if key else "", why)


_TOML_WORDS: Mapping[str, str] = {
    "Cannot overwrite a value": "it is set twice; leave out one of the two",
    "Cannot declare": "this table stands twice; put its settings together",
    "Invalid value": "its value is none of TOML; text has to be in quotes",
}
"""Beginnings of messages of ``tomllib``, and what they mean for the operator."""


def _mistakes_of_systems(
    tables: Mapping[str, Any], lines: Mapping[Location, int]
) -> Iterator[Mistake]:
    """Yield the mistakes that the plug-ins of each well-formed system find."""
    found = tables.get("systems")
    for number, table in enumerate(found if isinstance(found, list) else []):
        try:
            system = System.model_validate(table)
        except ValidationError:
            continue  # reported when the whole file is validated
        for fault in systems.faults_of(system):
            place = ("systems", number, *fault.place)
            yield mistake_at(place, fault.kind, fault.message, lines)


def _mistakes_of_plugins(
    tables: Mapping[str, Any], lines: Mapping[Location, int]
) -> Iterator[Mistake]:
    """Yield the mistakes that the plug-ins of the store and of identity find."""
    try:
        identity = Identity.model_validate(tables.get("identity", {}))
        store = StoreSettings.model_validate(tables.get("store", {}))
    except ValidationError:
        return  # reported when the whole file is validated
    found = [("identity", fault) for fault in options.faults_of_identity(identity)]
    found += [("store", fault) for fault in options.faults_of_store(store)]
    for table, fault in found:
        yield mistake_at((table, *fault.place), fault.kind, fault.message, lines)


def _mistakes_of_faces(
    tables: Mapping[str, Any], lines: Mapping[Location, int]
) -> Iterator[Mistake]:
    gateway = tables.get("gateway")
    named = gateway.get("faces") if isinstance(gateway, dict) else None
    there = plugins.installed(plugins.FACES)
    for name in named if isinstance(named, list) else []:
        if isinstance(name, str) and name not in there:
            text = f"there is no face “{name}”; installed: {', '.join(there)}"
            yield mistake_at(("gateway", "faces"), "unknown_plugin", text, lines)


def _mistakes_of_datasets(
    tables: Mapping[str, Any], lines: Mapping[Location, int]
) -> Iterator[Mistake]:
    """Yield a mistake for each data set whose reader is not installed."""
    found = tables.get("datasets")
    for number, table in enumerate(found if isinstance(found, list) else []):
        name = table.get("reader") if isinstance(table, dict) else None
        if not isinstance(name, str) or not name:
            continue
        try:
            plugins.load(plugins.ARRAY_READERS, name)
        except InvalidRequest as error:
            place = ("datasets", number, "reader")
            yield mistake_at(place, "unknown_plugin", error.text, lines)


def _in_order(mistakes: list[Mistake]) -> list[Mistake]:
    """Return the mistakes sorted by line, those of one setting joined by “or”.

    Pydantic reports one error for each alternative of a union type.
    """
    found: dict[tuple[int, str], dict[str, None]] = {}
    for mistake in mistakes:
        found.setdefault((mistake.line, mistake.where), {})[mistake.what] = None
    for what in found.values():
        if len(what) > 1:  # a list whose entries are all wrong is not empty
            what.pop(EMPTY, None)
    return [
        Mistake(*place, ", or ".join(what)) for place, what in sorted(found.items())
    ]


def mistake_at(
    location: Location, kind: str, message: str, lines: Mapping[Location, int]
) -> Mistake:
    """Return a mistake in the setting at a location, with the line that is known.

    Parameters
    ----------
    location
        Keys and list indices that lead to the setting.
    kind
        Type of the error as pydantic names it, or another.
    message
        What is wrong, used for types that have no words of ours.
    lines
        Lines of the file's tables and keys, from :func:`locate`.
    """
    known = location
    while known and known not in lines:
        known = known[:-1]
    named = location[: max(len(known), 1)]
    if kind in {"missing", "extra_forbidden"}:
        named = location
    what = in_words(location, kind, message)
    return Mistake(lines.get(known, 0), dotted(named) or "file", what)


def locate(text: str) -> dict[Location, int]:
    """Return the line number of every table and key, by its keys and list indices.

    ``tomllib`` keeps no line numbers, so the lines are searched with regular
    expressions.
    """
    lines: dict[Location, int] = {}
    counts: dict[Location, int] = {}
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _within(_parts(header[2]), counts)
            lines.setdefault(table, number)
            if header[1] == "[[":  # one more of a list of tables
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
                lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _parts(key[1]), number)
    return lines


def _within(parts: Location, counts: Mapping[Location, int]) -> Location:
    """Return a table's location with the indices of the lists that it is within.

    A header names the table that was begun last: ``[a.b]`` after ``[[a]]``.
    """
    place: Location = ()
    for part in parts[:-1]:
        place = (*place, part)
        if place in counts:
            place = (*place, counts[place])
    return (*place, *parts[-1:])


def _parts(dotted: str) -> Location:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _absolute(config: Config, folder: Path) -> Config:
    """Return the configuration with relative paths resolved against a folder."""
    places = config.gateway.places
    gateway = config.gateway.model_copy(
        update={
            "state": folder / config.gateway.state,
            "places": places and folder / places,
        }
    )
    datasets = [
        source.model_copy(update={"source": folder / source.source})
        for source in config.datasets
    ]
    surveys = []
    for survey in config.surveys:
        update: dict[str, object] = {"images": str(folder / survey.images)}
        if survey.times is not None:
            update["times"] = folder / survey.times
        if (catalogue := survey.catalogue) is not None:
            path = {"file": folder / catalogue.file}
            update["catalogue"] = catalogue.model_copy(update=path)
        surveys.append(survey.model_copy(update=update))
    broker = config.broker.model_copy(
        update={
            name: folder / getattr(config.broker, name)
            for name in ("socket", "key", "python")
        }
    )
    providers = [
        provider.model_copy(update={"client_secret_file": folder / secret})
        if (secret := provider.client_secret_file)
        else provider
        for provider in config.identity.providers
    ]
    identity = config.identity.model_copy(update={"providers": providers})
    config = config.model_copy(update={"identity": identity})
    authn = config.authn.model_copy(
        update={
            name: folder / getattr(config.authn, name) for name in ("socket", "state")
        }
    )
    absolute_systems = []
    for system in config.systems:
        paths = {"home": system.home, **systems.paths_of(system)}
        absolute = {name: folder / path for name, path in paths.items() if path}
        absolute_systems.append(system.model_copy(update=absolute))
    return options.with_absolute_paths(config, folder).model_copy(
        update={
            "gateway": gateway,
            "broker": broker,
            "authn": authn,
            "systems": absolute_systems,
            "datasets": datasets,
            "surveys": surveys,
        }
    )
