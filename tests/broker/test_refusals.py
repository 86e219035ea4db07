"""Accounts and requests for which the broker starts no worker."""

import pwd

import pytest
from tests.broker.asking import grant
from tests.broker.conftest import (
    Account,
    Accounts,
    RunningBroker,
    acting_as,
    run,
    running,
)

from gatewright.backends.broker import program


def asked(broker: RunningBroker, gateway: Account, name: str) -> bytes:
    """Return what the broker answers to a request with the right grant."""
    with acting_as(gateway):
        asking, challenge = broker.connected()
    with asking:
        made = grant(broker, challenge, name)
        asking.send(b"worker " + name.encode() + b" " + made)
        return asking.recv(4096)


def test_root_is_refused(broker: RunningBroker, gateway: Account) -> None:
    assert asked(broker, gateway, "root") == b"no uid"


def test_the_gateway_s_own_account_is_refused(accounts: Accounts, group: str) -> None:
    own = accounts.user(group)
    with running(own.uid, group) as broker:
        assert asked(broker, own, own.name) == b"no uid"


def test_an_account_of_the_system_is_refused(
    broker: RunningBroker, gateway: Account, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, "--system")
    assert account.uid < 1000
    assert asked(broker, gateway, account.name) == b"no uid"


def test_an_account_outside_the_group_is_refused(
    broker: RunningBroker, gateway: Account, accounts: Accounts
) -> None:
    assert asked(broker, gateway, accounts.user(None).name) == b"no group"


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false", "/not/a/shell"])
def test_an_account_without_a_shell_is_refused(
    broker: RunningBroker, gateway: Account, accounts: Accounts, group: str, shell: str
) -> None:
    account = accounts.user(group)
    run("usermod", "--shell", shell, account.name)
    assert asked(broker, gateway, account.name) == b"no shell"


def test_the_service_account_may_be_the_system_s(
    gateway: Account, accounts: Accounts, group: str
) -> None:
    """It needs no group and no shell; but it is not root's, nor anybody else's."""
    options = ("--system", "--shell", "/usr/sbin/nologin")
    service, other = accounts.user(None, *options), accounts.user(None, *options)
    with running(gateway.uid, group, service_uid=service.uid) as broker:
        told = asked(broker, gateway, service.name)
        assert told.startswith(b"ok ")
        assert asked(broker, gateway, other.name) == b"no uid"
        run("usermod", "--append", "--groups", "root", service.name)
        assert asked(broker, gateway, service.name) == b"no root-group"


@pytest.mark.parametrize("option", ["--gid", "--groups"])
def test_an_account_in_root_s_group_is_refused(
    broker: RunningBroker, gateway: Account, accounts: Accounts, group: str, option: str
) -> None:
    account = accounts.user(group)
    run("usermod", "--append" if option == "--groups" else "--groups",
        *([] if option == "--groups" else [group]),
        option, "root", account.name)  # fmt: skip
    assert asked(broker, gateway, account.name) == b"no root-group"


def test_an_account_that_is_not_there_is_refused(
    broker: RunningBroker, gateway: Account
) -> None:
    assert asked(broker, gateway, "gwt-nobody-here") == b"no unknown"


def test_the_second_name_of_a_number_is_refused(
    broker: RunningBroker, gateway: Account, accounts: Accounts, group: str,
    ada: Account,
) -> None:  # fmt: skip
    twin = accounts.user(group, "--non-unique", "--uid", str(ada.uid))
    assert pwd.getpwuid(ada.uid).pw_name == ada.name
    assert asked(broker, gateway, twin.name) == b"no ambiguous"


@pytest.mark.parametrize(
    "name",
    ["../x", "a;id", "1000", "a\nb", "-u", "a/b", "x" * 33, "é", "root\0", ".", "a:b"],
)
def test_a_name_that_is_none_is_refused(
    broker: RunningBroker, gateway: Account, name: str
) -> None:
    assert asked(broker, gateway, name) == b"no name"


@pytest.mark.parametrize(
    "request_", [b"worker ", b"worker", b"x", b"worker a b c", b" "]
)
def test_what_is_no_request_is_refused(
    broker: RunningBroker, gateway: Account, request_: bytes
) -> None:
    with acting_as(gateway):
        asking, _ = broker.connected()
    with asking:
        asking.send(request_)
        assert asking.recv(4096) == b"no form"


def test_a_message_above_the_bound_ends_the_connection(
    broker: RunningBroker, gateway: Account
) -> None:
    with acting_as(gateway):
        asking, _ = broker.connected()
    with asking:
        asking.send(b"worker " + b"x" * program.MOST_BYTES)
        assert asking.recv(4096) == b""
