"""What somebody typed stays until it is saved, and what failed is said."""

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.canned import Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long password that nobody guesses"
FIELD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A field</title>
<script type="module" src="/kit/gw.js"></script><gw-login></gw-login>
<label>Title <input data-gw-store="{}/title" value="none yet"></label></html>"""
STORED = "/api/v1/store/typed/title"


def field_page(gateway: RunningGateway, collection: str) -> str:
    """Make a page with a field of the store, and return its address."""
    folder = gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    page = folder / f"field-{collection}.html"
    page.write_text(FIELD.format(collection), encoding="utf-8")
    return f"{gateway.url}/pages/{page.name}"


async def test_a_document_that_could_not_be_saved_stays_to_be_saved_again(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, url = gate.page, "/api/v1/store/kept/one"
    gate.expected = ("503", "412")
    answer = problem(503, "unavailable", "Unavailable", "Try again in a minute.")

    async def refuse(route: Route) -> None:
        if route.request.method == "GET":
            await route.continue_()
        else:
            await route.fulfill(status=answer[0], json=answer[1])

    with gateway.client(gateway.token()) as client:
        client.put(url, json={}).raise_for_status()
        await page.goto(f"{gateway.url}/store/kept/one")
        text = page.get_by_label("Document (JSON)")
        await expect(text).to_have_value("{}")
        await text.fill('"an hour of work"')
        await page.route(f"**{url}", refuse)
        await page.get_by_role("button", name="Save").click()
        note = page.locator("gw-documents form [role=status]")
        await expect(note).to_contain_text("It was not saved. Try again in a minute.")
        await expect(text).to_have_value('"an hour of work"')
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(note).to_contain_text("It was not deleted. Try again in a minute.")
        await page.unroute(f"**{url}")
        await page.get_by_role("button", name="Save").click()
        await expect(note).to_have_text("Saved")
        assert client.get(url).json() == "an hour of work"
    await gate.check()


async def test_a_token_that_could_not_be_revoked_says_why(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    token = {
        "key": "k",
        "label": "mine",
        "scopes": ["data:read"],
        "last_used_at": None,
        "expires_at": "2027-01-01T00:00:00Z",
    }
    canned = Canned()
    canned.on("GET", "/tokens", {"tokens": [token]})
    refusal = problem(503, "unavailable", "Unavailable", "Try again in a minute.")
    canned.on("DELETE", "/tokens/k", lambda *_: refusal)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    page = gate.page
    await page.goto(f"{gateway.url}/account")
    await page.get_by_role("button", name="Revoke mine").click()
    await page.get_by_role("button", name="Revoke the token").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("alert")).to_contain_text("Try again in a minute.")
    await gate.check()


async def test_what_is_typed_while_a_field_is_read_is_not_replaced_unasked(
    page: Page, gateway: RunningGateway
) -> None:
    held: list[Route] = []

    async def hold(route: Route) -> None:
        if held or route.request.method != "GET":
            await route.continue_()
        else:
            held.append(route)

    with gateway.client(gateway.token()) as client:
        client.put(STORED, json="Stored").raise_for_status()
        await page.route(f"**{STORED}", hold)
        async with page.expect_request(f"**{STORED}"):
            await page.goto(field_page(gateway, "typed"))
        field = page.get_by_label("Title")
        await field.fill("Typed")
        await held[0].continue_()
        await expect(page.get_by_text("Changed elsewhere to “Stored”")).to_be_visible()
        await expect(field).to_have_value("Typed")
        await page.get_by_role("button", name="Keep mine").click()
        await expect(field).to_have_attribute("data-gw-state", "saved")
        assert client.get(STORED).json() == "Typed"


async def test_the_next_person_does_not_see_what_a_field_had(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gateway.add_user("first", PASSWORD, role="owner")
    gateway.add_user("next", PASSWORD)
    page = (await open_page()).page
    await page.goto(field_page(gateway, "passed"))
    field = page.get_by_label("Title")

    async def sign_in(name: str) -> None:
        await page.get_by_label("User name").fill(name)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("gw-login .person")).to_contain_text(name)
        await expect(field).to_have_attribute("data-gw-state", "ready")

    await sign_in("first")
    await field.fill("mine alone")
    await expect(field).to_have_attribute("data-gw-state", "saved")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("Sign in to load and save this.")).to_be_visible()
    await expect(field).to_have_value("none yet")
    await sign_in("next")
    await expect(field).to_have_value("none yet")
