"""NEWT's sign-in by a form, and its cookie."""

from tests.support.whole import OWNER, PASSWORD, URL, Whole

PAGE = {"Origin": URL, "X-Requested-With": "XMLHttpRequest"}


async def test_signing_in_by_a_form_sets_newts_cookie(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.post(
        "/newt/auth", data={"username": OWNER, "password": PASSWORD}
    )
    body = answer.json()
    assert set(body) == {"username", "session_lifetime", "auth", "newt_sessionid"}
    assert (body["username"], body["auth"]) == (OWNER, True)
    assert body["session_lifetime"] == 43_200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"newt_sessionid={body['newt_sessionid']};")
    assert "; HttpOnly" in cookie
    assert "; Max-Age=43200" in cookie
    for path in ("/newt/auth", "/newt/login/"):
        assert (await client.get(path)).json()["username"] == OWNER
    out = await client.get("/newt/logout")
    assert out.json()["auth"] is False
    assert (await client.get("/newt/auth/")).json()["auth"] is False


async def test_a_link_from_elsewhere_signs_nobody_out(gateway: Whole) -> None:
    client = await gateway.client()
    account = {"username": OWNER, "password": PASSWORD}
    await client.post("/newt/auth", data=account, headers=PAGE)
    link = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for site in ("cross-site", "same-site"):
        there = await client.get(
            "/newt/logout", headers=link | {"Sec-Fetch-Site": site}
        )
        assert there.status_code == 403
        assert (await client.get("/newt/auth")).json()["auth"] is True
    for part in (
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "https://evil.example"},
        {"Referer": "http://evil.example/page"},
        {"Referer": "http://[evil"},
        {},
    ):
        shown = await client.get("/newt/logout", headers=part)
        assert (shown.status_code, shown.headers.get("set-cookie")) == (403, None)
        assert (await client.get("/newt/auth")).json()["auth"] is True
    await client.get("/newt/logout", headers=link | {"Sec-Fetch-Site": "none"})
    assert (await client.get("/newt/auth")).json()["auth"] is False


async def test_a_wrong_password_is_no_session(gateway: Whole) -> None:
    client = await gateway.client()
    for form in ({"username": OWNER, "password": "wrong"}, {}):
        answer = await client.post("/newt/login", data=form)
        assert answer.status_code == 200
        assert answer.json() == {
            "username": None, "session_lifetime": 0, "auth": False,
            "newt_sessionid": None,
        }  # fmt: skip
        assert "set-cookie" not in answer.headers


async def test_the_cookie_changes_things_from_our_own_pages_only(
    gateway: Whole,
) -> None:
    client = await gateway.client()
    account = {"username": OWNER, "password": PASSWORD}
    await client.post("/newt/auth", data=account, headers=PAGE)
    form = {"executable": "/bin/echo hello"}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        refused = await client.post("/newt/command/local", data=form, headers=headers)
        assert refused.status_code == 403
    answer = await client.post("/newt/command/local", data=form, headers=PAGE)
    assert answer.json() == {"status": "OK", "output": "hello\n", "error": ""}
