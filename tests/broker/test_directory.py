"""PAM as a directory: the contract, who is known, and how many are checked at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.broker.conftest import (
    PASSWORD,
    Account,
    Accounts,
    RunningBroker,
    acting_as,
    run,
    running,
)
from tests.support.leftovers import new_name

from gatewright.backends.broker import UnixHomes, program, unix
from gatewright.backends.broker.directory import PamDirectory
from gatewright.backends.broker.unix import unix_account
from gatewright.core.caller import Role
from gatewright.core.errors import BackendFailed, NotAllowed, Unavailable
from gatewright.domains.identity import Person
from gatewright.testing.identity import DirectoryContract, Known

SERVICE = "auth required pam_unix.so nodelay\naccount required pam_unix.so\n"


@pytest.fixture
def checking(gateway: Account, group: str) -> Iterator[RunningBroker]:
    """Yield a broker with a service of PAM, asked as the gateway's account."""
    service = Path("/etc/pam.d") / new_name()
    service.write_text(SERVICE)
    try:
        with (
            running(gateway.uid, group, service=service.name) as broker,
            acting_as(gateway),
        ):
            yield broker
    finally:
        service.unlink()


@pytest.fixture
def directory(checking: RunningBroker, group: str) -> Iterator[PamDirectory]:
    made = PamDirectory(checking.client(), group, 1000, None)
    yield made
    made.close()


class TestPam(DirectoryContract):
    @pytest.fixture
    def known(self, ada: Account, group: str) -> Known:
        groups = frozenset({ada.name, group})
        return Known(Person(ada.name, groups, Role.USER, f"uid {ada.uid}"), PASSWORD)


async def test_the_group_of_admins_makes_an_owner(
    checking: RunningBroker, group: str, ada: Account
) -> None:
    directory = PamDirectory(checking.client(), group, 1000, ada.name)
    found = await directory.find(ada.name)
    directory.close()
    assert found is not None
    assert found.role is Role.OWNER


async def test_who_leaves_the_group_is_not_known_any_more(
    gateway: Account, group: str, accounts: Accounts
) -> None:
    account = accounts.user(group)
    with running(gateway.uid, group) as broker:
        directory = PamDirectory(broker.client(), group, 1000, None)
        assert await directory.find(account.name) is not None
        run("gpasswd", "--delete", account.name, group)
        assert await directory.find(account.name) is None
        directory.close()


async def test_a_service_that_is_missing_is_the_operator_s_to_mend(
    gateway: Account, group: str, ada: Account
) -> None:
    with running(gateway.uid, group) as broker:
        directory = PamDirectory(broker.client(), group, 1000, None)
        with acting_as(gateway), pytest.raises(BackendFailed, match="PAM"):
            await directory.check(ada.name, PASSWORD)
        directory.close()


async def test_few_passwords_are_checked_at_once_and_the_rest_wait_or_go(
    checking: RunningBroker, directory: PamDirectory, ada: Account
) -> None:
    """Two hundred at once: eight processes at most, the right password among them."""
    most = 0
    done = asyncio.Event()

    async def count() -> None:
        nonlocal most
        while not done.is_set():
            path = f"/proc/{checking.process.pid}/task/{checking.process.pid}/children"
            most = max(most, len(Path(path).read_text().split()))
            await asyncio.sleep(0.01)

    counting = asyncio.create_task(count())
    answers = await asyncio.gather(
        directory.check(ada.name, PASSWORD),
        *(directory.check(f"nobody-{number}", "wrong") for number in range(200)),
        return_exceptions=True,
    )
    done.set()
    await counting
    assert 0 < most <= program.SIGN_INS
    refused = [one for one in answers if isinstance(one, Unavailable)]
    assert len(refused) == 201 - 8 - 32
    assert all(one.retry_after for one in refused)
    assert getattr(answers[0], "person", None) is not None, answers[0]
    assert [one for one in answers[1:] if one is not None and one not in refused] == []


async def test_a_home_is_that_of_the_account(ada: Account) -> None:
    homes = UnixHomes()
    assert await homes(ada.name) == ada.home
    with pytest.raises(NotAllowed, match="no Unix account of this name"):
        await homes("gwt-nobody-here")
    homes.close()


def test_an_account_is_not_unknown_while_the_directory_service_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert unix_account("gwt-nobody-here") is None
    assert unix_account("a\0b") is None
    monkeypatch.setattr(unix, "_NOT_KNOWN", frozenset[int]())
    with pytest.raises(Unavailable, match="Unix accounts does not answer"):
        unix_account("gwt-nobody-here")
