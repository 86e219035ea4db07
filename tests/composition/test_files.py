from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.support.app import caller
from tests.support.workers import resources_of

from gatewright.backends.posix.plugin import home_below
from gatewright.backends.worker import Worker
from gatewright.composition.files import open_files
from gatewright.composition.systems import homes_of
from gatewright.core.config import Config, System
from gatewright.core.errors import NotFound


@pytest.mark.parametrize(
    ("root", "home", "path"),
    [
        ("/", "/home/ada", b"/home/ada"),
        ("/srv", "/srv/home", b"/home"),
        ("/srv/home", "/srv/home", b"/"),
        ("/srv", "/elsewhere", b"/"),
        ("/", "/", b"/"),
    ],
)
def test_home_is_a_path_from_the_root(root: str, home: str, path: bytes) -> None:
    assert home_below(Path(root), Path(home)) == path


async def test_home_is_the_owner_s_by_default() -> None:
    assert await homes_of(System(name="local"))("ada") == Path.home()


async def test_systems_of_this_machine_only() -> None:
    systems = [System(name="local"), System(name="far", filesystem="none")]
    config = Config(systems=systems)
    worker = Worker()
    async with AsyncExitStack() as stack:
        files, commands = await open_files(config, resources_of(worker), stack)
    assert [one.name for one in await files.systems(caller())] == ["local"]
    with pytest.raises(NotFound):
        await files.system(caller(), "far")
    assert commands.longest_seconds == 60
    await worker.close()
