"""NEWT's ``/account`` for people who have Unix accounts: by name and by number."""

import grp

from tests.support.identity import own_identity
from tests.support.whole import GUEST, OWNER, Whole

from gatewright.core.caller import Role
from gatewright.domains.identity import User, operator


async def test_people_and_their_groups_are_found_by_number(gateway: Whole) -> None:
    users = own_identity(gateway.services).users
    system = grp.getgrall()[0]
    own = grp.getgrall()[1]
    groups = frozenset({system.gr_name, "not-of-the-machine"})
    mia = User("mia", Role.USER, 1.0, groups, source="pam", subject="uid 4242")
    odd = User("odd", Role.USER, 1.0, source="sso", subject="uid of odd")
    for user in (mia, odd):
        assert await users._store.mirror(user)
    await users.join(operator(OWNER), GUEST, own.gr_name)
    owner, guest = await gateway.client(OWNER), await gateway.client(GUEST)
    for base in ("/newt", "/newt/api"):

        async def told(url: str, base: str = base) -> dict[str, object]:
            answer = await owner.get(f"{base}/account/{url}")
            assert answer.status_code == 200, answer.text
            shape: dict[str, object] = answer.json()
            inner = shape.get("output", shape)
            assert isinstance(inner, dict)
            return inner

        assert (await told("user/mia"))["id"] == 4242
        assert await told("user/id/4242") == await told("user/mia")
        assert (await told("user/odd"))["id"] is None
        by_name = await told(f"group/{system.gr_name}")
        assert (by_name["id"], by_name["users"]) == (system.gr_gid, ["mia"])
        assert await told(f"group/id/{system.gr_gid}") == by_name
        assert (await told("group/not-of-the-machine"))["id"] is None
        # A group of the gateway's own accounts is none of the machine by its name.
        assert (await told(f"group/{own.gr_name}"))["id"] is None
        for number in (own.gr_gid, 99_999_999, 10**30):
            answer = await owner.get(f"{base}/account/group/id/{number}")
            assert answer.status_code == 404, answer.text
        # Whoever may not see them by name does not by number.
        for url in (
            "user/mia",
            "user/id/4242",
            f"group/{system.gr_name}",
            f"group/id/{system.gr_gid}",
        ):
            answer = await guest.get(f"{base}/account/{url}")
            assert answer.status_code == 404, answer.text
    shape = (await owner.get(f"/newt/account/group/id/{system.gr_gid}")).json()
    (row,) = shape["items"]
    assert (row["gname"], row["gid"]) == (system.gr_name, system.gr_gid)
    members = await owner.get(f"/newt/account/group/{system.gr_name}/users")
    (row,) = members.json()["items"]
    assert (row["uname"], row["user_id"], row["gid"]) == ("mia", 4242, system.gr_gid)
