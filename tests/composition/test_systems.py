"""A system's plug-ins and their settings: what is wrong is told."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from gatewright.backends.worker import OneWorker, Worker
from gatewright.composition.systems import (
    BackendResources,
    open_filesystems,
    open_schedulers,
)
from gatewright.core import plugins
from gatewright.core.config import Config, Section, System
from gatewright.core.errors import InvalidRequest
from gatewright.core.systems import (
    SCHEDULERS,
    faults_of,
    load_plugin,
    paths_of,
    plugin_models,
)
from gatewright.testing.plugins import SoleLease


@dataclass
class OtherPlugin:
    options: type[Section] = Section


OTHER = OtherPlugin()
POINTS = EntryPoints(
    [
        EntryPoint("processes", "gatewright.backends.processes:plugin", SCHEDULERS),
        EntryPoint("absent", "gatewright.backends.processes:nothing", SCHEDULERS),
        EntryPoint("wrong", "json:loads", SCHEDULERS),
        EntryPoint("other", f"{__name__}:OTHER", SCHEDULERS),
        EntryPoint(
            "posix", "gatewright.backends.posix:plugin", "gatewright.filesystems"
        ),
    ]
)


@pytest.fixture(autouse=True)
def _points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "entry_points", POINTS.select)


def system(**settings: object) -> System:
    return System.model_validate({"name": "a", **settings})


@pytest.mark.parametrize("name", ["absent", "wrong", "nowhere"])
def test_a_broken_plugin_is_one_fault_and_hides_what_it_may_know(name: str) -> None:
    (fault,) = faults_of(system(scheduler=name, unknown=1))
    assert fault.place == ("scheduler",)
    assert name in fault.message
    with pytest.raises(InvalidRequest):
        load_plugin(SCHEDULERS, name)


def test_settings_belong_to_the_plugin_that_has_them() -> None:
    assert list(faults_of(system(cores=2, root="/srv"))) == []
    faults = list(faults_of(system(scheduler="none", cores=2, root=3)))
    assert [fault.place for fault in faults] == [("root",), ("cores",)]
    assert list(faults_of(system(scheduler="none", filesystem="none"))) == []


def test_paths_are_those_that_are_given() -> None:
    assert paths_of(system(filesystem="none")) == {}
    assert paths_of(system()) == {}
    assert {k: str(v) for k, v in paths_of(system(root="x")).items()} == {"root": "x"}


def test_the_models_of_what_is_installed() -> None:
    assert [name for name, _ in plugin_models(SCHEDULERS)] == ["other", "processes"]


async def test_what_is_wrong_is_not_opened() -> None:
    async with AsyncExitStack() as stack:
        resources = BackendResources(OneWorker(Worker()), SoleLease, "ada")
        for wrong in (system(scheduler="other"), system(cores=0)):
            with pytest.raises(InvalidRequest):
                await open_schedulers(Config(systems=[wrong]), resources, stack)
        with pytest.raises(InvalidRequest, match="system “a”"):
            await open_filesystems(Config(systems=[system(root=3)]), resources, stack)
