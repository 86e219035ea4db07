"""Stores and ways to know people, added by packages of somebody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.outside.gatewright_memory import MemoryDocuments, Shelves
from tests.outside.gatewright_roster import Roster
from tests.support.identity import cheap_hasher, own_identity
from tests.support.outside import install
from tests.support.whole import GUEST, OWNER, PASSWORD, URL, Whole, whole

from gatewright.core.config_file import ConfigurationError, load_config, parse_config
from gatewright.core.errors import InvalidRequest
from gatewright.domains.identity import Directory, Person
from gatewright.domains.store import DocumentStore
from gatewright.testing import document_store as store_contract
from gatewright.testing.identity import DirectoryContract, Known

HERE = Path(__file__).parent
PROJECT = """
[project]
name = "gatewright-outside"
version = "1.0"

[project.entry-points."gatewright.stores"]
memory = "gatewright_memory:plugin"
broken = "gatewright_roster:plugin"

[project.entry-points."gatewright.identity"]
roster = "gatewright_roster:plugin"
broken = "gatewright_memory:plugin"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ("gatewright_memory.py", "gatewright_roster.py")
    files = {name: (HERE / name).read_text("utf-8") for name in names}
    return install({**files, "pyproject.toml": PROJECT}, tmp_path / "site", monkeypatch)


@pytest.fixture
def make_documents() -> Callable[..., Awaitable[DocumentStore]]:
    shelves = Shelves()

    async def make(**keywords: Any) -> DocumentStore:
        return MemoryDocuments(shelves, **keywords)

    return make


class TestDocuments(store_contract.DocumentContract):
    pass


class TestPermissions(store_contract.PermissionContract):
    pass


class TestCollections(store_contract.CollectionContract):
    pass


class TestQueries(store_contract.QueryContract):
    pass


class TestChanges(store_contract.ChangeContract):
    pass


class TestQuota(store_contract.QuotaContract):
    pass


class TestRoster(DirectoryContract):
    @pytest.fixture
    def known(self) -> Known:
        return Known(Person("cy", frozenset({"sky"})), "Correct horse")

    @pytest.fixture
    async def directory(self, tmp_path: Path, known: Known) -> AsyncIterator[Directory]:
        hasher = cheap_hasher()
        hashed = await hasher.hash(known.password)
        (tmp_path / "people").write_text(f"cy:{hashed}:sky\nada:x:\n")
        yield Roster(tmp_path / "people", hasher)
        hasher.close()


async def sign_in(client: httpx.AsyncClient, name: str, password: str) -> int:
    answer = await client.post(
        "/api/v1/session",
        json={"user": name, "password": password},
        headers={"Origin": URL, "X-Requested-With": "test"},
    )
    return answer.status_code


@pytest.fixture
async def people(tmp_path: Path) -> Path:
    hasher = cheap_hasher()
    lines = [f"{n}:{await hasher.hash(f'pass of {n}')}:sky" for n in ("cy", GUEST)]
    hasher.close()
    file = tmp_path / "people"
    await asyncio.to_thread(file.write_text, "\n".join(lines))
    return file


@pytest.fixture
async def gateway(site: Path, people: Path, tmp_path: Path) -> AsyncIterator[Whole]:
    settings = {
        "identity": {
            "owner": OWNER,
            "login": ["local", "roster"],
            "roster": {"file": str(people)},
        },
        "store": {"backend": "memory", "share": 0.5},
    }
    async with whole(tmp_path, settings) as opened:
        yield opened


async def test_documents_are_kept_by_the_store_of_another_package(
    gateway: Whole, tmp_path: Path
) -> None:
    client = await gateway.client(OWNER)
    made = await client.put("/api/v1/store/c/k", content='{"x": 1.10}')
    assert made.status_code == 201
    assert (await client.get("/api/v1/store/c/k")).text == '{"x": 1.10}'
    kept = gateway.services.store.documents
    assert type(kept).__module__ == "gatewright_memory"
    assert (await kept.usage(OWNER)).bytes == len('{"x": 1.10}')
    rights = {"users": {"nosuch": "read"}}
    refused = await client.put("/api/v1/store/c", json={"permissions": rights})
    assert refused.status_code == 422


async def test_people_of_a_file_sign_in_beside_the_local_ones(gateway: Whole) -> None:
    client = await gateway.client()
    assert await sign_in(client, "cy", "pass of cy") == 201
    me = (await client.get("/api/v1/session")).json()
    assert (me["user"], me["role"]) == ("cy", "guest")
    assert (await client.get("/api/v1/user/cy")).json()["groups"] == ["sky"]
    assert await sign_in(await gateway.client(), GUEST, PASSWORD) == 201
    assert await sign_in(await gateway.client(), "cy", PASSWORD) == 401


async def test_nobody_signs_in_as_an_account_of_another(gateway: Whole) -> None:
    """The file has a person of a local account's name, with another password."""
    assert await sign_in(await gateway.client(), GUEST, f"pass of {GUEST}") == 403
    assert await sign_in(await gateway.client(), GUEST, "wrong") == 401
    assert await sign_in(await gateway.client(), GUEST, PASSWORD) == 201


async def test_accounts_follow_their_file(gateway: Whole, people: Path) -> None:
    client = await gateway.client()
    assert await sign_in(client, "cy", "pass of cy") == 201
    directories = own_identity(gateway.services).directories
    text = await asyncio.to_thread(people.read_text)
    await asyncio.to_thread(people.write_text, text.replace("sky", "sea"))
    await directories.refresh()
    assert (await client.get("/api/v1/user/cy")).json()["groups"] == ["sea"]
    await asyncio.to_thread(people.unlink)
    await directories.refresh()
    assert (await client.get("/api/v1/session")).json()["user"] == "cy"
    assert await sign_in(await gateway.client(), "cy", "pass of cy") == 503
    await asyncio.to_thread(people.write_text, "")
    await directories.refresh()
    assert (await client.get("/api/v1/session")).json()["user"] is None
    assert await own_identity(gateway.services).users.exists(GUEST)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[store]\nbackend = "memry"', "line 2: store.backend: There is no"),
        ('[store]\nbackend = "memory"\nshar = 2', "line 3: store.shar: "),
        ('[store]\nbackend = "memory"\nshare = "x"', "line 3: store.share: "),
        ("[store]\nshare = 0.5", "line 2: store.share: "),
        ('[identity]\nlogin = ["locl"]', "line 2: identity.login: There is no"),
        ('[identity]\nlogin = ["roster"]', "identity.roster.file: it is required"),
        ('[identity]\nownr = "a"', "line 2: identity.ownr: "),
        ('[identity.roster]\nfile = "x"', "line 1: identity.roster: "),
        ('[identity]\nlogin = ["roster"]\n[identity.roster]\nfile = "x"\ny = 1',
         "line 5: identity.roster.y: "),
        ("[identity]\nlogin = []", "line 2: identity.login: "),
    ],
)  # fmt: skip
def test_mistakes_have_their_line(site: Path, text: str, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_config(text)
    assert mistake in str(refused.value)


def test_paths_are_taken_from_the_file_s_folder(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text(
        '[identity]\nlogin = ["local", "roster"]\n[identity.roster]\nfile = "people"\n'
    )
    config = load_config(file)
    assert config.identity.model_extra == {"roster": {"file": tmp_path / "people"}}


@pytest.mark.parametrize(
    "settings",
    [
        {"store": {"backend": "broken", "file": "x"}},
        {"store": {"backend": "memory", "share": "x"}},
        {"identity": {"owner": OWNER, "login": ["broken"]}},
        {"identity": {"owner": OWNER, "login": ["roster"]}},
    ],
)
async def test_a_plug_in_that_does_not_fit_keeps_the_gateway_from_starting(
    site: Path, tmp_path: Path, settings: Any
) -> None:
    with pytest.raises(InvalidRequest):
        async with whole(tmp_path, settings):
            pass
