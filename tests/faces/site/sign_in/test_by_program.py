"""Sign-in by a provider where a program of the operator's names the accounts."""

from pathlib import Path

import pytest
from tests.support.bent_provider import CLIENT, BentProvider
from tests.support.whole import OWNER, Whole, whole

SCRIPT = """#!/bin/sh
sed -n 's/.*"preferred_username": "\\([a-z]*\\)".*/\\1/p'
"""


async def signed_in(gateway: Whole, bent: BentProvider) -> tuple[int, str | None]:
    client = await gateway.client()
    answer = await bent.come_back(client)
    return answer.status_code, (await client.get("/api/v1/session")).json()["user"]


async def test_a_program_never_leads_to_the_owner(
    tmp_path: Path, bent: BentProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """It may print what people call themselves, as this one does."""
    program = tmp_path / "account-of"
    program.write_text(SCRIPT)
    program.chmod(0o755)
    provider = {
        "name": "bent",
        "issuer": bent.issuer,
        "client_id": CLIENT,
        "program": [str(program)],
        "program_seconds": 60,
    }
    identity = {"owner": OWNER, "providers": [provider]}
    async with whole(tmp_path, {"identity": identity}) as gateway:
        assert await signed_in(gateway, bent) == (303, "bob")
        bent.claims = {"preferred_username": OWNER}
        assert await signed_in(gateway, bent) == (403, None)
    assert f"would be the owner {OWNER} by a program" in caplog.text
