"""Sign-in by an identity provider to Unix accounts, and whom it does not lead to."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.broker.centre import Centre, as_operator, started
from tests.broker.conftest import PASSWORD, Account, Accounts, run
from tests.support.bent_provider import CLIENT, BentProvider, bent_provider


@pytest.fixture(scope="module")
def provider() -> Iterator[BentProvider]:
    with bent_provider() as found:
        yield found


@pytest.fixture(scope="module")
def centre(
    gateway: Account, group: str, admins: str, provider: BentProvider
) -> Iterator[Centre]:
    more = f"""
[[identity.providers]]
name = "bent"
issuer = "{provider.issuer}"
client_id = "{CLIENT}"
accounts = [{{ account = "{{preferred_username}}" }}]
"""
    with started(gateway, group, admins, more=more) as centre:
        yield centre


def come_back(
    client: httpx.Client, provider: BentProvider, name: str
) -> httpx.Response:
    """Sign in as a person whom the provider calls by this name."""
    provider.claims |= {"preferred_username": name, "sub": name}
    provider.userinfo["sub"] = name
    begun = client.get("/sign-in/with/bent")
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    provider.nonce = query["nonce"][0]
    answer = {"code": "x", "state": query["state"][0], "iss": provider.issuer}
    return client.get("/sign-in/with/bent/done", params=answer)


def test_a_person_works_as_their_unix_account(
    centre: Centre, provider: BentProvider, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, password=PASSWORD)
    with centre.asking() as client:
        answer = come_back(client, provider, account.name)
        assert answer.status_code == 303, answer.text
        who = client.get("/api/v1/session").json()
        assert (who["user"], who["role"]) == (account.name, "user")
        ran = client.post("/api/v1/command/here", json={"command": ["id", "-un"]})
        assert ran.json()["stdout"] == f"{account.name}\n"
        # The same account by password and by the provider.
        by_password = {"user": account.name, "password": PASSWORD}
        assert client.post("/api/v1/session", json=by_password).status_code == 201
        assert come_back(client, provider, account.name).status_code == 303


@pytest.mark.parametrize("name", ["root", "daemon", "nobody-here", "0", "../x", ""])
def test_no_other_account_is_signed_in(
    centre: Centre, provider: BentProvider, name: str
) -> None:
    with centre.asking() as client:
        answer = come_back(client, provider, name)
        assert answer.status_code in {403, 502}
        assert client.get("/api/v1/session").json()["user"] is None


def test_a_person_outside_the_group_has_no_account(
    centre: Centre, provider: BentProvider, accounts: Accounts
) -> None:
    account = accounts.user(None, password=PASSWORD)
    with centre.asking() as client:
        answer = come_back(client, provider, account.name)
    assert answer.status_code == 403
    assert "no account of this gateway" in answer.text


def test_no_provider_leads_to_an_account_of_the_gateway_s_own(
    centre: Centre, provider: BentProvider
) -> None:
    add = ("user", "add", "guest-of-ours", "--password-stdin")
    done = as_operator(centre, *add, stdin=PASSWORD)
    assert done.returncode == 0, done.stderr
    with centre.asking() as client:
        assert come_back(client, provider, "guest-of-ours").status_code == 403


@pytest.mark.parametrize(
    ("close", "words"),
    [
        (("usermod", "--expiredate", "1"), "account is closed"),
        (("chage", "--lastday", "0"), "password has expired"),
    ],
)
def test_a_closed_account_is_closed_to_the_provider_too(
    centre: Centre,
    provider: BentProvider,
    accounts: Accounts,
    group: str,
    close: tuple[str, ...],
    words: str,
) -> None:
    account = accounts.user(group, password=PASSWORD)
    run(*close, account.name)
    with centre.asking() as client:
        answer = come_back(client, provider, account.name)
        assert answer.status_code == 403
        assert words in answer.text
        assert client.get("/api/v1/session").json()["user"] is None
