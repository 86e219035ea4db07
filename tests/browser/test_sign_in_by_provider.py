"""Signing in by an identity provider in a browser, and out of both again."""

import re
import socket
from collections.abc import Iterator, Mapping

import pytest
from playwright.async_api import expect
from tests.browser.conftest import OpenPage
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.oidc_provider import RealProvider

from gatewright.core.config import Config
from gatewright.core.config_text import to_toml

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def gateway(
    providers: Mapping[str, RealProvider], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A gateway with two providers, at an address that they were told before."""
    folder = tmp_path_factory.mktemp("providers")
    # Bound as long as the tests last, so that nobody else is given the port before the
    # gateway listens on it.
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    port = reserved.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    rules = [{"account": "{preferred_username}", "where": {"groups": "users"}}]
    known = [
        providers[name].settings(url, folder, accounts=rules)
        for name in ("centre", "campus")
    ]
    config = Config.model_validate(
        {
            "gateway": {"state": str(folder / "state"), "listen": f"127.0.0.1:{port}"},
            "identity": {"owner": "ada", "providers": known},
        }
    )
    file = folder / "gatewright.toml"
    file.write_text(to_toml(config))
    command_here(
        "user", "add", "--config", str(file), "bob", "--password-stdin", stdin="x"
    )
    with reserved, running(["serve", "--config", str(file)], folder / "state") as found:
        yield found


async def test_a_person_signs_in_and_out(
    gateway: RunningGateway, open_page: OpenPage
) -> None:
    gate = await open_page()
    page = gate.page
    await page.goto(f"{gateway.url}/store")
    await expect(page.get_by_role("link", name="Sign in with Campus")).to_be_visible()
    await gate.check_all_looks()
    await page.get_by_role("link", name="Sign in with Centre").click()
    await expect(page.locator("h1")).to_have_text("centre")
    await page.get_by_label("Name at centre").fill("bob")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.locator(".top gw-login .person")).to_contain_text("bob")
    await expect(page).to_have_url(f"{gateway.url}/store")
    names = {one.get("name", "") for one in await page.context.cookies(gateway.url)}
    assert not any("sign_in" in name for name in names)

    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{gateway.url}/sign-in")
    await expect(page.get_by_text("still knows you")).to_be_visible()
    await gate.check_all_looks()
    await page.get_by_role("link", name="Sign out of Centre too").click()
    await page.get_by_role("button", name="Sign out of centre").click()
    await expect(page).to_have_url(re.compile(f"{gateway.url}/sign-in"))
    await page.get_by_role("link", name="Sign in with Centre").click()
    await expect(page.get_by_label("Name at centre")).to_be_visible()


async def test_who_is_refused_reads_why_and_can_begin_again(
    gateway: RunningGateway, open_page: OpenPage
) -> None:
    gate = await open_page()
    gate.expected = ("403",)
    page = gate.page
    await page.goto(f"{gateway.url}/sign-in")
    await page.get_by_role("link", name="Sign in with Campus").click()
    await page.get_by_label("Name at campus").fill("stranger")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.locator("h1")).to_have_text("You are not signed in")
    await expect(page.locator("main")).to_contain_text("“sub-of-stranger”")
    await gate.check_all_looks()
    await page.get_by_role("link", name="Sign in", exact=True).click()
    await expect(page.get_by_role("link", name="Sign in with Campus")).to_be_visible()


async def test_a_person_who_cancels_at_the_provider_gets_a_message(
    gateway: RunningGateway, open_page: OpenPage
) -> None:
    gate = await open_page()
    gate.expected = ("403",)
    page = gate.page
    await page.goto(f"{gateway.url}/sign-in/with/centre")
    await page.get_by_role("button", name="Refuse").click()
    await expect(page.locator("main")).to_contain_text("you or it said no")
    await gate.check()
