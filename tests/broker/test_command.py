"""``gatewright broker``: what it checks and makes before it becomes the program."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.broker.conftest import Account, RunningBroker, run, running
from tests.support.leftovers import new_name

from gatewright.cli.broker import check_trusted, make_key, make_room, prepared
from gatewright.cli.main import main
from gatewright.composition.people import open_people
from gatewright.core.config import BrokerSettings, Config, Identity
from gatewright.core.errors import Conflict, InvalidRequest, NotAllowed


@pytest.fixture
def folder(gateway: Account) -> Iterator[Path]:
    """Yield a folder that only root may change, since a test's own are below /tmp."""
    made = Path("/run") / new_name()
    made.mkdir(0o755)
    yield made
    run("rm", "-r", str(made))


def test_it_makes_a_key_for_authn_alone(folder: Path, gateway: Account) -> None:
    path = folder / "made" / "key"
    make_key(path, gateway.uid)
    found = path.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (gateway.uid, 0o600)
    assert found.st_size == 32
    before = path.read_bytes()
    make_key(path, gateway.uid)
    assert path.read_bytes() == before


@pytest.mark.parametrize("owner", ["other", "readable"])
def test_a_key_that_others_read_is_refused(
    folder: Path, gateway: Account, ada: Account, owner: str
) -> None:
    path = folder / "key"
    make_key(path, gateway.uid)
    if owner == "other":
        os.chown(path, ada.uid, -1)
    else:
        path.chmod(0o640)
    with pytest.raises(NotAllowed, match="owner's eyes alone"):
        make_key(path, gateway.uid)


def test_what_others_could_change_is_not_run(folder: Path, ada: Account) -> None:
    program = folder / "bin" / "python3"
    program.parent.mkdir()
    program.touch(0o755)
    check_trusted(program, readable=True)
    program.chmod(0o775)
    with pytest.raises(NotAllowed, match="python3” can be changed by others"):
        check_trusted(program)
    program.chmod(0o755)
    os.chown(program.parent, ada.uid, -1)
    with pytest.raises(NotAllowed, match="bin” can be changed by others"):
        check_trusted(program)
    os.chown(program.parent, 0, -1)
    program.parent.chmod(0o700)
    with pytest.raises(NotAllowed, match="closed to other accounts"):
        check_trusted(program, readable=True)


def test_a_second_broker_is_refused(gateway: Account, group: str) -> None:
    with running(gateway.uid, group) as broker:
        with pytest.raises(Conflict, match="Another broker"):
            make_room(broker.path)
        ended: RunningBroker = broker
    assert not ended.path.exists()


def test_the_socket_of_one_that_was_killed_goes(gateway: Account, folder: Path) -> None:
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.bind(str(path))
    make_room(path)
    assert not path.exists()
    path.touch()
    with pytest.raises(Conflict, match="no socket"):
        make_room(path)


def test_accounts_that_are_missing_are_named(
    gateway: Account, ada: Account, group: str
) -> None:
    with pytest.raises(InvalidRequest, match="useradd --system gwt-none"):
        prepared(BrokerSettings(gateway="gwt-none", group=group), ada.name)
    with pytest.raises(InvalidRequest, match="useradd --system gwt-none"):
        prepared(BrokerSettings(gateway=gateway.name, group=group), "gwt-none")
    with pytest.raises(InvalidRequest, match="groupadd gwt-none"):
        prepared(BrokerSettings(gateway=gateway.name, group="gwt-none"), ada.name)
    with pytest.raises(InvalidRequest, match="other accounts than root"):
        prepared(BrokerSettings(gateway="root", group=group), ada.name)
    with pytest.raises(InvalidRequest, match="each as its own"):
        prepared(BrokerSettings(gateway=gateway.name, group=group), gateway.name)
    for service, fault in (
        ("gwt-none", "service_account in"),
        ("root", "an account of its own"),
        (ada.name, "not in the group"),
        (gateway.name, "another again"),
    ):
        named = BrokerSettings(
            gateway=gateway.name, group=group, service_account=service
        )
        with pytest.raises(InvalidRequest, match=fault):
            prepared(named, "nobody")


async def test_a_gateway_of_many_people_does_not_run_as_root(gateway: Account) -> None:
    config = Config(identity=Identity(mode="multi-user"))
    async with AsyncExitStack() as stack:
        with pytest.raises(NotAllowed, match="unprivileged account"):
            await open_people(config, stack, None)


def test_it_is_for_multi_user_mode(folder: Path) -> None:
    file = folder / "gatewright.toml"
    file.write_text("")
    done = CliRunner().invoke(main, ["broker", "--config", str(file)])
    assert done.exit_code == 1
    assert "multi-user" in done.output


def test_a_configuration_that_others_change_is_refused(
    folder: Path, ada: Account
) -> None:
    file = folder / "gatewright.toml"
    file.write_text("")
    os.chown(file, ada.uid, -1)
    done = CliRunner().invoke(main, ["broker", "--config", str(file)])
    assert done.exit_code == 1
    assert "can be changed by others" in done.output
