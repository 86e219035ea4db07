"""The account that reads the queues of batch systems for everybody."""

import asyncio

import pytest
from tests.backends.authn.conftest import Kept
from tests.backends.authn.test_authority import PERSON, signed_in

from gatewright.backends.authn import AuthnGranter
from gatewright.core.errors import NotAllowed


async def test_the_service_account_is_no_person_s(kept: Kept) -> None:
    """Its worker starts without a person; nobody who has its name acts as it."""
    granter = AuthnGranter(kept.remote.client, asyncio.get_running_loop(), service=True)
    with pytest.raises(NotAllowed, match="names no service_account"):
        await kept.remote.service_ticket()
    kept.authority._service = PERSON
    ticket = await kept.remote.service_ticket()
    assert ticket.text.split(" ")[0] == str(int(ticket.until * 1000))
    grant = await asyncio.to_thread(granter.grant, b"challenge", "anybody")
    key = kept.authority._granter
    assert grant == key.grant(b"challenge", PERSON)
    await signed_in(kept)
    with pytest.raises(NotAllowed, match="acts as nobody"):
        await kept.remote.ticket(PERSON)
