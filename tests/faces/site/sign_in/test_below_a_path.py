"""Sign-in at a gateway whose public URL has a path."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest_asyncio
from tests.faces.site.sign_in.conftest import BY_NAME
from tests.support.bent_provider import CLIENT, BentProvider
from tests.support.whole import Whole, whole

URL = "https://example.org/gateway"


@pytest_asyncio.fixture
async def below(tmp_path: Path, bent: BentProvider) -> AsyncIterator[Whole]:
    provider: dict[str, Any] = {
        "name": "bent",
        "issuer": bent.issuer,
        "client_id": CLIENT,
    }
    provider |= {"accounts": [BY_NAME]}
    settings = {
        "gateway": {"state": str(tmp_path / "state"), "url": URL},
        "identity": {
            "owner": "ada",
            "providers": [provider],
        },
    }
    async with whole(tmp_path, settings) as opened:
        yield opened


async def test_all_addresses_are_below_it(below: Whole, bent: BentProvider) -> None:
    client = await below.client()
    listed = (await client.get(f"{URL}/api/v1/sign-in")).json()["providers"]
    assert listed[0]["url"] == f"{URL}/sign-in/with/bent"
    wanted = {"next": "/gateway/store?x=1"}
    begun = await client.get(listed[0]["url"], params=wanted)
    cookie = begun.headers["Set-Cookie"]
    assert cookie.startswith("__Secure-gw_sign_in_")
    assert "; Path=/gateway; " in cookie
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    back = query["redirect_uri"][0]
    assert back == f"{URL}/sign-in/with/bent/done"
    bent.nonce = query["nonce"][0]
    given = {"code": "x", "state": query["state"][0], "iss": bent.issuer}
    answer = await client.get(back, params=given)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "/gateway/store?x=1",
    )
    refused = await client.get(back, params=given)
    assert refused.status_code == 400
    assert 'href="/gateway/sign-in"' in refused.text
