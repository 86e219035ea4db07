"""Accounts, status and the store of NEWT: what visitors and guests may do."""

import asyncio

import pytest
from tests.faces.newt.conftest import ended, until_answered
from tests.support.identity import own_identity
from tests.support.whole import GUEST, OTHER, OWNER, Whole


async def test_status_and_notice_need_no_account(gateway: Whole) -> None:
    client = await gateway.client()
    status = {"system": "local", "status": "up"}
    await until_answered(client, "/newt/status", [status])
    await until_answered(client, "/newt/status/local/", status)
    assert (await client.get("/newt/status/other")).status_code == 404
    assert (await client.get("/newt/status/motd")).text == "Hi"


async def test_accounts_are_answered_from_what_is_there(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    me = (await client.get(f"/newt/account/user/{OWNER}")).json()
    assert me["username"] == OWNER
    assert (await client.get(f"/newt/user/{OWNER}")).json() == me
    assert (await client.get("/newt/user/nobody/")).status_code == 404
    same = await client.get(f"/newt/account/user/id/{me['id']}")
    assert same.json() == me
    assert (await client.get("/newt/account/user/id/99999999")).status_code == 404
    assert (await client.get("/newt/account/group/id/1")).status_code == 404
    assert (await client.get("/newt/account/group/none")).status_code == 404
    job = await client.post("/newt/queue/local", data={"jobscript": "#!/bin/sh\n"})
    await ended(client, job.json()["jobid"])
    # What jobs used is read at an interval.
    path = f"/newt/account/usage/user/{OWNER}/"
    async with asyncio.timeout(60):
        while (
            not (items := (await client.get(path)).json()["items"])
            or not items[0]["jobs"]
        ):
            await asyncio.sleep(0.1)
    assert [(item["repo"], item["jobs"]) for item in items] == [("none", 1)]
    for path in ("none", "none/users"):
        found = await client.get(f"/newt/account/usage/repo/{path}")
        assert [item["user"] for item in found.json()["items"]] == [OWNER]


async def test_a_guest_sees_their_own_account_and_groups(gateway: Whole) -> None:
    from gatewright.domains.identity import operator

    await own_identity(gateway.services).users.join(operator(OWNER), GUEST, "night")
    await own_identity(gateway.services).users.join(operator(OWNER), OTHER, "night")
    guest, owner = await gateway.client(GUEST), await gateway.client(OWNER)
    assert (await guest.get(f"/newt/account/user/{OTHER}")).status_code == 404
    assert (await guest.get(f"/newt/account/user/{GUEST}")).json()["id"] is None
    group = (await guest.get("/newt/account/group/night")).json()
    assert group["users"] == [GUEST]
    assert group["items"][0].keys() == {"gname", "gid", "fiscal_year"}
    all_of_them = (await owner.get("/newt/account/group/night/users")).json()["items"]
    assert [member["uname"] for member in all_of_them] == [GUEST, OTHER]
    assert [member["gname"] for member in all_of_them] == ["night", "night"]
    for member in all_of_them:
        assert member.keys() >= {"user_id", "gecos", "gid", "fiscal_year"}
    second = (await owner.get("/newt/api/account/group/night/users")).json()
    assert second["output"] == [GUEST, OTHER]


async def test_a_guest_has_no_files_commands_and_jobs(gateway: Whole) -> None:
    client = await gateway.client(GUEST)
    answers = [
        await client.get("/newt/file/local/"),
        await client.put("/newt/file/local/x", content=b""),
        await client.post("/newt/command/local", data={"executable": "/bin/ls"}),
        await client.get("/newt/queue/local"),
        await client.post("/newt/queue/local", data={"jobscript": "#!/bin/sh\n"}),
        await client.delete("/newt/queue/local/1"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert list(gateway.home.iterdir()) == []


@pytest.mark.parametrize("who", ["", GUEST])
async def test_people_without_permission_are_refused_before_the_body_is_read(
    gateway: Whole, who: str
) -> None:
    client = await gateway.client(who)
    for path in (
        "/newt/file/local/",
        "/newt/command/local",
        "/newt/queue/local",
        "/newt/api/command/local",
        "/newt/api/job/local",
    ):
        for body in (b"", b"other=x"):
            answer = await client.post(path, content=body)
            assert answer.status_code == 403, path
            assert ("login_url" in answer.text) == (not who)


async def test_a_visitor_makes_no_store_whatever_is_sent(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/newt/store", "/newt/store/s", "/newt/store/s/perms"):
        answer = await client.post(path, content=b"x")
        assert answer.status_code == 403
        assert answer.json()["login_url"] == "/newt/auth/"


async def test_a_visitor_is_shown_where_to_sign_in(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/newt/file/local/", "/newt/queue/local", "/newt/store"):
        answer = await client.get(path)
        assert answer.status_code == 403
        assert answer.json()["login_url"] == "/newt/auth/"


async def test_a_verb_that_newt_does_not_have_is_501(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    for verb, path in (("DELETE", "/newt/status"), ("PATCH", "/newt/store/x")):
        answer = await client.request(verb, path)
        assert answer.status_code == 501
    assert (await client.get("/newt/nothing/at/all")).status_code == 404
