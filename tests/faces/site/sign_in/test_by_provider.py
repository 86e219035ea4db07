"""Sign-in by real identity providers, from the sign-in page to the session."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.faces.site.sign_in.conftest import Browser
from tests.support.identity import own_identity
from tests.support.oidc_provider import RealProvider, go_through
from tests.support.whole import URL, Whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN = {"Origin": URL, "X-Requested-With": "test"}


async def come_back(
    client: httpx.AsyncClient,
    login: str,
    provider: str = "centre",
    *,
    wanted: str = "",
    answer: str = "yes",
) -> str:
    """Go to a provider, sign in there, and return the address that it leads back to."""
    query = {"next": wanted} if wanted else {}
    begun = await client.get(f"/sign-in/with/{provider}", params=query)
    assert begun.status_code == 303, begun.text
    async with httpx.AsyncClient() as person:
        return await go_through(person, begun.headers["Location"], login, answer=answer)


async def who(client: httpx.AsyncClient) -> str | None:
    answer = await client.get("/api/v1/session")
    name: str | None = answer.json()["user"]
    return name


async def refusals(gateway: Whole) -> list[str]:
    records = await own_identity(gateway.services).audit.after(0)
    return [one.entry.note for one in records if one.entry.path.endswith("/done")]


@pytest.mark.parametrize("provider", ["centre", "campus"])
async def test_a_person_signs_in(provider: str, browser: Browser) -> None:
    """At centre with a secret, at campus as a public client."""
    client = browser()
    back = await come_back(client, "bob", provider, wanted="/jobs?state=queued")
    answer = await client.get(back)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "/jobs?state=queued",
    )
    assert await who(client) == "bob"
    assert [name for name in client.cookies if "sign_in" in name] == []
    sessions = (await client.get("/api/v1/sessions")).json()["sessions"]
    assert sessions[-1]["made_by"] == f"provider:{provider}"


async def test_the_sign_in_page_can_list_the_providers(browser: Browser) -> None:
    listed = (await browser().get("/api/v1/sign-in")).json()["providers"]
    assert listed[:2] == [
        {"name": "centre", "title": "Centre", "url": f"{URL}/sign-in/with/centre"},
        {"name": "campus", "title": "campus", "url": f"{URL}/sign-in/with/campus"},
    ]


async def test_the_cookie_is_for_this_sign_in_and_for_ten_minutes(
    browser: Browser,
) -> None:
    begun = await browser().get("/sign-in/with/centre")
    cookie = begun.headers["Set-Cookie"]
    assert cookie.startswith("gw_sign_in_")
    assert cookie.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax")
    assert begun.headers["Cache-Control"] == "no-store"
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    secret = cookie.partition("=")[2].partition(";")[0]
    assert secret not in begun.headers["Location"]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\tx",
        "/sign-in/with/centre",
    ],
)
async def test_who_has_signed_in_stays_here(wanted: str, browser: Browser) -> None:
    client = browser()
    back = await come_back(client, "bob", wanted=wanted)
    assert (await client.get(back)).headers["Location"] == "/"


async def test_an_answer_is_good_once(browser: Browser) -> None:
    client = browser()
    back = await come_back(client, "bob")
    assert (await client.get(back)).status_code == 303
    again = await client.get(back)
    assert again.status_code == 400
    assert "finished already" in again.text
    assert "text/html" in again.headers["Content-Type"]
    assert again.headers["Cache-Control"] == "no-store"


async def test_a_head_does_not_use_up_an_answer(browser: Browser) -> None:
    client = browser()
    back = await come_back(client, "bob")
    assert (await client.head(back)).status_code == 405
    assert (await client.get(back)).status_code == 303


async def test_an_answer_is_of_no_use_in_another_browser(browser: Browser) -> None:
    """Whoever follows another's link does not end up in that person's account."""
    attacker, victim = browser(), browser()
    back = await come_back(attacker, "eve")
    await victim.get("/sign-in/with/centre")
    answer = await victim.get(back)
    assert answer.status_code == 400
    assert "not begun in this browser" in answer.text
    assert await who(victim) is None
    assert (await attacker.get(back)).status_code == 303


async def test_another_person_s_code_is_refused(browser: Browser) -> None:
    """A code is bound to the browser that began by PKCE, which the provider checks."""
    attacker, victim = browser(), browser()
    theirs = parse_qs(urlsplit(await come_back(attacker, "eve")).query)
    own = parse_qs(urlsplit(await come_back(victim, "bob")).query)
    mixed = {"code": theirs["code"], "state": own["state"], "iss": own["iss"]}
    answer = await victim.get("/sign-in/with/centre/done", params=mixed)
    assert answer.status_code == 400
    assert "does not take the code" in answer.text
    assert await who(victim) is None


async def test_an_answer_of_one_provider_is_not_another_s(
    browser: Browser, providers: Mapping[str, RealProvider]
) -> None:
    client = browser()
    back = urlsplit(await come_back(client, "bob"))
    other = f"/sign-in/with/campus/done?{back.query}"
    assert (await client.get(other)).status_code == 400
    query = parse_qs(back.query)
    for issuer in ([providers["campus"].issuer], [], [""]):
        client = browser()
        fresh = parse_qs(urlsplit(await come_back(client, "bob")).query)
        mixed = {"code": query["code"], "state": fresh["state"], "iss": issuer}
        answer = await client.get("/sign-in/with/centre/done", params=mixed)
        assert answer.status_code == 400
        assert "not of Centre" in answer.text
        assert await who(client) is None


async def test_a_person_who_cancels_at_the_provider_gets_a_message(
    browser: Browser,
) -> None:
    client = browser()
    back = await come_back(client, "bob", answer="no")
    answer = await client.get(back)
    assert answer.status_code == 403
    assert "you or it said no" in answer.text
    assert await who(client) is None


@pytest.mark.parametrize(
    ("login", "provider"),
    [
        ("stranger", "centre"),  # no rule fits: not in the group
        ("superman", "centre"),  # by a rule that names root
        ("gone", "centre"),  # by a rule that names nobody
        ("root", "campus"),
        ("ada", "campus"),  # who would be the owner by calling herself so
        ("no account", "campus"),
        ("mallory", "campus"),  # who has not shown that the address is hers
        ("../bob", "campus"),
    ],
)
async def test_who_has_no_account_is_refused_with_words(
    login: str, provider: str, browser: Browser, gateway: Whole
) -> None:
    client = browser()
    answer = await client.get(await come_back(client, login, provider))
    assert answer.status_code == 403
    assert "you have no account of this gateway" in answer.text
    assert f"sub-of-{login}" in answer.text
    assert await who(client) is None
    assert not any("gw_session" in name for name in client.cookies)
    refused = f"sign-in by {provider} refused: not-allowed: sub-of-{login}"
    assert (await refusals(gateway))[-1] == refused


async def test_a_rule_may_name_an_account(browser: Browser, gateway: Whole) -> None:
    for login, account in {"eve": "eve", "the boss": "ada"}.items():
        client = browser()
        assert (await client.get(await come_back(client, login))).status_code == 303
        assert await who(client) == account
        assert (await refusals(gateway))[-1] == f"signed in by centre: {account}"


async def test_an_email_address_counts_once_it_was_checked(browser: Browser) -> None:
    client = browser()
    assert (await client.get(await come_back(client, "eve", "campus"))).is_redirect
    assert await who(client) == "eve"


async def test_who_is_refused_again_and_again_has_to_wait(browser: Browser) -> None:
    client = browser()
    for _ in range(3):
        back = await come_back(client, "a persistent stranger")
        assert (await client.get(back)).status_code == 403
    answer = await client.get(await come_back(client, "a persistent stranger"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 200
    assert (await client.get(await come_back(client, "bob"))).status_code == 303


async def test_a_link_on_another_s_page_asks_first(browser: Browser) -> None:
    client = browser()
    answer = await client.get(
        "/sign-in/with/centre",
        headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    )
    assert answer.status_code == 200
    assert "Sign in with Centre?" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/sign-in/with/nobody", "/sign-in/with/nobody/done"])
async def test_a_provider_that_is_none(path: str, browser: Browser) -> None:
    answer = await browser().get(path)
    assert answer.status_code == 404
    assert "no such provider" in answer.text


async def test_who_signs_out_is_led_to_the_provider_too(browser: Browser) -> None:
    client = browser()
    begun = await client.get("/sign-in/with/centre")
    async with httpx.AsyncClient() as person:
        back = await go_through(person, begun.headers["Location"], "bob")
        await client.get(back)
        ended = await client.delete("/api/v1/session", headers=OWN)
        assert ended.status_code == 200
        assert ended.json()["provider"] == "Centre"
        assert await who(client) is None
        page = await person.get(ended.json()["url"])
        assert "Sign out of centre" in page.text
        form = dict(re.findall(r'(action|value)="([^"]+)"', page.text)[:2])
        typed = {"xsrf": form["value"], "logout": "yes"}
        done = await person.post(form["action"], data=typed)
        assert (done.status_code, done.headers["Location"]) == (303, f"{URL}/sign-in")
        # The provider has forgotten the person: it asks for the name again.
        begun = await client.get("/sign-in/with/centre")
        asked = await person.get(begun.headers["Location"])
        assert "/interaction/" in asked.headers["Location"]


async def test_a_session_by_password_ends_here_only(browser: Browser) -> None:
    client = browser()
    sent = {"user": "bob", "password": "a long enough password"}
    await client.post("/api/v1/session", json=sent, headers={"Origin": URL})
    assert await who(client) == "bob"
    ended = await client.delete("/api/v1/session", headers=OWN)
    assert (ended.status_code, ended.content) == (204, b"")
