"""The page on identity providers: its configuration and program, with a provider."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from tests.docs.blocks import blocks_of
from tests.support.identity import own_identity
from tests.support.oidc_provider import RealProvider, go_through
from tests.support.whole import PASSWORD, whole

from gatewright.core.config_file import load_config
from gatewright.domains.identity import operator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "sign-in-with-oidc.md"
BLOCKS = blocks_of(PAGE)
GATEWAY = "https://gateway.example.org"


async def signs_in(client: httpx.AsyncClient, provider: str, login: str) -> str | None:
    begun = await client.get(f"/sign-in/with/{provider}")
    async with httpx.AsyncClient() as person:
        back = await go_through(person, begun.headers["Location"], login)
    await client.get(back)
    user: str | None = (await client.get("/api/v1/session")).json()["user"]
    return user


@pytest.fixture
def settings(
    providers: Mapping[str, RealProvider], tmp_path: Path
) -> dict[str, object]:
    """The two configurations of the page as one, with what a provider gave us."""
    centre, campus = (one.text for one in BLOCKS if one.language == "toml")
    assert f"{GATEWAY}/sign-in/with/centre/done" in PAGE.read_text()
    client_id, secret = providers["centre"].register(GATEWAY)
    (tmp_path / "centre.secret").touch(mode=0o600)
    (tmp_path / "centre.secret").write_text(secret)
    public, _ = providers["campus"].register(GATEWAY, public=True)
    program = tmp_path / "account-of"
    script = next(one.text for one in BLOCKS if "account-of" in one.title)
    program.write_text(script.replace("/usr/bin/python3", sys.executable))
    program.chmod(0o755)
    text = centre.replace('"gatewright"', json.dumps(client_id))
    text = text.replace(
        "https://sso.example.org/realms/centre", providers["centre"].issuer
    )
    text = text.replace("/etc/gatewright/centre.secret", "centre.secret")
    more = campus.replace('"gatewright"', json.dumps(public))
    more = more.replace("https://login.example.edu", providers["campus"].issuer)
    more = more.replace("/usr/local/libexec/account-of", str(program))
    file = tmp_path / "gatewright.toml"
    file.write_text(f"{text}\n{more}")
    found = load_config(file)
    return {
        "gateway": {"state": tmp_path / "state", "url": found.gateway.url},
        "identity": {"owner": "ada", "providers": found.identity.providers},
    }


async def test_the_configurations_of_the_page(
    settings: dict[str, object], tmp_path: Path
) -> None:
    async with whole(tmp_path, settings) as gateway:
        users = own_identity(gateway.services).users
        await users.add(operator("ada"), "grace", PASSWORD)

        async def who(provider: str, login: str) -> str | None:
            transport = httpx.ASGITransport(gateway.app)
            async with httpx.AsyncClient(
                transport=transport, base_url=GATEWAY
            ) as client:
                return await signs_in(client, provider, login)

        assert await who("centre", "bob") == "bob"
        assert await who("centre", "the admiral") == "grace"
        assert await who("centre", "eve") is None
        assert await who("campus", "bob") == "bob"
        assert await who("campus", "eve") is None


async def test_over_https_the_cookie_is_of_this_host_alone(
    settings: dict[str, object], tmp_path: Path
) -> None:
    async with whole(tmp_path, settings) as gateway:
        client = await gateway.client()
        begun = await client.get(f"{GATEWAY}/sign-in/with/centre")
        cookie = begun.headers["Set-Cookie"]
        assert cookie.startswith("__Host-gw_sign_in_")
        assert cookie.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
