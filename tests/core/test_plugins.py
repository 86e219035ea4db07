"""Plug-ins are found by name, and one that does not import is told by name."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from gatewright.core import plugins
from gatewright.core.errors import InvalidRequest

POINTS = EntryPoints(
    [
        EntryPoint("json", "json:loads", "test.group"),
        EntryPoint("broken", "there.is.no.such:thing", "test.group"),
    ]
)


@pytest.fixture(autouse=True)
def _points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "entry_points", POINTS.select)


def test_a_plugin_is_loaded_by_its_name() -> None:
    assert plugins.installed("test.group") == ["broken", "json"]
    loads = plugins.load("test.group", "json")
    assert callable(loads)
    assert loads("1") == 1


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(InvalidRequest, match="broken, json"):
        plugins.load("test.group", "yaml")
    with pytest.raises(InvalidRequest, match="none"):
        plugins.load("other.group", "yaml")


def test_a_broken_plugin_is_logged_by_name() -> None:
    with pytest.raises(InvalidRequest, match="broken"):
        plugins.load("test.group", "broken")


def test_all_of_a_group_are_loaded_but_for_broken_ones(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    points = [
        EntryPoint("built-in", "gatewright.core.plugins:FACES", "test.group"),
        EntryPoint("z", "os:linesep", "test.group"),
        EntryPoint("number", "sys:maxsize", "test.group"),
        EntryPoint("absent", "there.is.no.such:thing", "test.group"),
    ]
    monkeypatch.setattr(plugins, "entry_points", EntryPoints(points).select)
    # Those of other packages come first: they are asked before the built-in ones.
    assert list(plugins.load_all("test.group", str)) == ["z", "built-in"]
    assert "absent" in caplog.text
    assert "number" in caplog.text
