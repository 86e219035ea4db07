"""How jobs ended: failed ones say why at once, and canceled ones did not fail."""

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.test_documented_pages import publish
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAILING = "#!/bin/sh\necho reading frames\necho 'no such frame: 12' >&2\nexit 3\n"
SILENT = "#!/bin/sh\necho 'the disk was full'\nexit 4\n"


def submit(client: httpx.Client, script: str, name: str) -> str:
    body = {"script": script, "name": name}
    answer = client.post("/api/v1/jobs/local", json=body).raise_for_status()
    return str(answer.json()["id"])


async def test_a_failed_job_opens_on_its_errors(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    job = submit(client, FAILING, "fails")
    page = gate.page
    await page.goto(f"{gateway.url}/jobs/local/{job}")
    reason = page.locator("gw-job .state.error")
    await expect(reason).to_contain_text("exit code 3")
    assert (await reason.inner_text()).count("exit code 3") == 1
    log = page.locator("gw-log pre")
    await expect(log).to_have_text("no such frame: 12\n")
    errors = page.get_by_role("button", name="Errors")
    await expect(errors).to_have_attribute("aria-pressed", "true")
    order = await page.locator("gw-job").evaluate(
        """(job) => [".state.error", "gw-log", ".facts"].map((one) =>
          job.renderRoot.querySelector(one).getBoundingClientRect().top)"""
    )
    assert order == sorted(order)
    await page.get_by_role("button", name="Output").click()
    await expect(log).to_have_text("reading frames\n")
    await gate.check_all_looks()


async def test_a_failed_job_without_errors_shows_its_output(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    job = submit(client, SILENT, "fails-silently")
    await page.goto(f"{gateway.url}/jobs/local/{job}")
    await expect(page.locator("gw-job .state.error")).to_contain_text("exit code 4")
    await expect(page.locator("gw-log pre")).to_have_text("the disk was full\n")
    await page.get_by_role("button", name="Errors").click()
    await expect(page.locator("gw-log pre")).to_have_text("Nothing was written.")


async def test_a_canceled_job_has_not_failed(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    submit(client, "exit 5", "fails-beside-it")
    job = submit(client, "sleep 600", "given-up")
    client.delete(f"/api/v1/jobs/local/{job}").raise_for_status()
    await page.goto(f"{gateway.url}/jobs?state=canceled")
    row = page.locator("gw-jobs tr.row", has_text="given-up")
    await expect(row.locator(".word.canceled")).to_have_text("Canceled")
    await page.get_by_role("button", name="Failed", exact=True).click()
    failed = page.locator("gw-jobs tr.row")
    await expect(failed.filter(has_text="fails-beside-it")).to_be_visible()
    await expect(failed.filter(has_text="given-up")).to_have_count(0)
    await page.get_by_role("button", name="Canceled", exact=True).click()
    await expect(row).to_be_visible()
    await gate.check_all_looks()


async def test_a_collection_that_nobody_has_begun_is_an_empty_one(
    open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    gate.expected = ("404",)  # said by the browser itself
    page = gate.page
    text = (
        '<!doctype html><html lang="en"><title>x</title>'
        '<script type="module" src="/kit/gw.js"></script>'
        '<link rel="stylesheet" href="/kit/gw.css"><main class="gw-page"><h1>x</h1>'
        '<gw-documents collection="not-begun"></gw-documents></main>'
    )
    await page.goto(publish(gateway, "none-yet.html", text))
    await expect(page.get_by_text("No documents here")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.get_by_role("button", name="New document").click()
    await page.get_by_role("textbox", name="Key").fill("first")
    await page.get_by_role("button", name="Make the document").click()
    await expect(page.locator("gw-documents h2")).to_have_text("first")
    with gateway.client(gateway.token()) as client:
        assert client.get("/api/v1/store/not-begun/first").json() == {}
    await gate.check_all_looks()
