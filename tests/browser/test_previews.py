"""What is shown of a file beside the list, and the list beside it."""

import httpx
import pytest
from playwright.async_api import Locator, expect
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = "/api/v1/files/local"


def write(client: httpx.Client, path: str, content: str) -> None:
    home = client.get(FILES).json()["home"]
    client.put(f"{FILES}{home}/{path}", content=content.encode()).raise_for_status()


async def opened(gate: Gate, gateway: RunningGateway, name: str) -> Locator:
    """Open a file of home beside the list; return what is shown of it."""
    await gate.page.goto(f"{gateway.url}/files")
    await gate.page.get_by_role("button", name=name, exact=True).click()
    preview = gate.page.get_by_role("region", name="Preview")
    await expect(preview.get_by_role("heading", name=name)).to_be_visible()
    return preview


async def test_a_text_is_shown_though_its_beginning_ends_within_a_letter(
    gate: Gate, gateway: RunningGateway
) -> None:
    with gateway.client(gateway.token()) as client:
        write(client, "letters.txt", "." + "ж" * 40_000)
    preview = await opened(gate, gateway, "letters.txt")
    text = preview.get_by_label("Text")
    await expect(text).to_have_text("." + "ж" * 32_767)
    await expect(preview).to_contain_text("The first 64.0 KiB of 78.1 KiB.")
    await gate.check()


async def test_names_are_legible_beside_what_is_shown_of_a_file(
    gate: Gate, gateway: RunningGateway
) -> None:
    with gateway.client(gateway.token()) as client:
        write(client, "legible.txt", "text")
    await opened(gate, gateway, "legible.txt")
    name = gate.page.get_by_role("button", name="legible.txt", exact=True)
    box = await name.bounding_box()
    assert box is not None
    assert box["width"] > 2 * box["height"], box


async def test_what_is_shown_of_a_file_goes_with_it(
    gate: Gate, gateway: RunningGateway
) -> None:
    with gateway.client(gateway.token()) as client:
        write(client, "goes.txt", "text")
    preview = await opened(gate, gateway, "goes.txt")
    page = gate.page
    await page.get_by_role("button", name="Rename goes.txt").click()
    await page.get_by_label("New name").fill("gone.txt")
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(preview).to_have_count(0)
    await page.get_by_role("button", name="gone.txt", exact=True).click()
    await expect(preview).to_be_visible()
    await page.get_by_role("button", name="Delete gone.txt").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(preview).to_have_count(0)
    await gate.check()
