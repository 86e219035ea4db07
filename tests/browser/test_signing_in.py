"""Signing in by link and password, and tokens."""

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway, command_here

pytestmark = pytest.mark.asyncio(loop_scope="session")
PASSWORD = "a long password that nobody guesses"


async def test_a_sign_in_link_works_once(
    gate: Gate, open_page: OpenPage, gateway: RunningGateway
) -> None:
    await gate.page.goto(gateway.url)
    await expect(gate.page.locator(".top gw-login .person")).to_contain_text("demo")
    other = await open_page()
    other.expected = ("401",)
    answer = await other.page.goto(gateway.sign_in_url)
    assert answer is not None
    assert answer.status == 401
    await expect(other.page.locator("h1")).to_contain_text("does not work any more")
    await other.check_all_looks()


async def test_a_sign_in_link_on_another_s_page_asks_first(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gateway.add_user("mallory", PASSWORD)
    link = command_here(
        "user", "link", "--state", str(gateway.state), "mallory"
    ).strip()
    other = await open_page()
    address = f"{gateway.url}/sign-in?{link.partition('?')[2]}"
    await other.page.goto(f"data:text/html,<a href='{address}'>Free stars</a>")
    await other.page.get_by_text("Free stars").click()
    await expect(other.page.locator("h1")).to_have_text("Sign in by this link?")
    assert not await other.page.context.cookies()
    await other.check_all_looks()
    await other.page.get_by_role("link", name="Sign in", exact=True).click()
    await expect(other.page.locator(".top gw-login .person")).to_contain_text("mallory")


async def test_a_person_signs_in_by_password_and_out_again(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gateway.add_user("grace", PASSWORD)
    gate = await open_page()
    gate.expected = ("401",)
    page = gate.page
    await page.goto(f"{gateway.url}/sign-in")
    await page.get_by_label("User name").fill("grace")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not go together")
    await page.get_by_label("Password").fill(PASSWORD)
    # The address changes first, and then the whole page.
    async with page.expect_event("load"):
        await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{gateway.url}/")
    await expect(page.locator(".top gw-login")).to_contain_text("grace")
    rail = page.get_by_role("navigation", name="Places")
    await expect(rail).to_contain_text("Store")
    await expect(rail).not_to_contain_text("Jobs")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    await gate.check()


async def test_a_token_is_made_shown_once_and_revoked(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/account")
    # The list of before must not come after that with the new one.
    await expect(page.locator("gw-tokens").locator("table, .state")).to_be_visible()
    await page.get_by_label("What it is for").fill("a browser test")
    await page.get_by_role("button", name="Make the token").click()
    text = await page.locator("gw-tokens .secret code").inner_text()
    with gateway.client(text) as bearer:
        told = bearer.get("/api/v1/session").json()
    assert told["user"] == "demo"
    assert "files:read" in told["scopes"]
    assert "files:write" not in told["scopes"]
    await page.get_by_role("button", name="Revoke a browser test").click()
    await page.get_by_role("button", name="Revoke the token").click()
    await expect(page.get_by_text("a browser test")).to_have_count(0)
    with gateway.client(text) as bearer:
        assert bearer.get("/api/v1/session").status_code == 401
