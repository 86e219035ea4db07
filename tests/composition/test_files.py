from pathlib import Path

import pytest
from tests.support.app import caller

from gatewright.backends.worker import Worker
from gatewright.composition.files import command_service, file_service, home_of
from gatewright.core.config import Config, System
from gatewright.core.errors import NotFound


@pytest.mark.parametrize(
    ("root", "home", "path"),
    [
        (None, "/home/ada", b"/home/ada"),
        ("/srv", "/srv/home", b"/home"),
        ("/srv/home", "/srv/home", b"/"),
        ("/srv", "/elsewhere", b"/"),
        ("/srv", None, b"/"),
        (None, "/", b"/"),
    ],
)
def test_home_is_a_path_from_the_root(
    root: str | None, home: str | None, path: bytes
) -> None:
    system = System(
        name="local",
        root=Path(root) if root else None,
        home=Path(home) if home else None,
    )
    assert home_of(system) == path


def test_home_is_the_owner_s_by_default() -> None:
    assert home_of(System(name="local")) == bytes(Path.home())


async def test_systems_of_this_machine_only() -> None:
    systems = [System(name="local"), System(name="far", filesystem="s3")]
    config = Config(systems=systems)
    worker = Worker()
    files = file_service(config, worker)
    assert [one.name for one in files.systems(caller())] == ["local"]
    with pytest.raises(NotFound):
        files.system(caller(), "far")
    assert command_service(config, worker).longest_seconds == 60
    await worker.close()
