"""When the accounts were made that authn keeps."""

from tests.backends.authn.conftest import Kept
from tests.support.identity import OWNER


async def test_when_an_account_was_made(kept: Kept) -> None:
    users = kept.remote.users
    owner = await kept.world.identity.users.get(kept.world.owner, OWNER)
    assert await users.created_at(OWNER) == owner.created_at
    for name in ("nobody", "not a name", f"{OWNER} (removed 2026-11-30)"):
        assert await users.created_at(name) is None
