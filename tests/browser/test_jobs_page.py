"""The page of jobs: submit, watch, cancel."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW_SCRIPT = """#!/bin/sh
echo step 1
for _ in $(seq 2400); do [ -e seen-running ] && break; sleep 0.1; done
for i in 2 3 4; do echo step $i; sleep 0.3; done
"""


async def test_a_job_is_submitted_and_watched_live(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/jobs")
    await page.get_by_role("link", name="New job").click()
    await page.get_by_label("Script", exact=True).fill(SLOW_SCRIPT)
    await page.get_by_label("Name", exact=True).fill("watched")
    await page.get_by_role("button", name="Submit").click()
    await page.wait_for_url(re.compile(r"/jobs/local/\d+"))
    log = page.locator("gw-log pre")
    await expect(log).to_contain_text("step 1")
    row = page.locator("gw-jobs tr.row", has_text="watched")
    await expect(row.locator(".word")).to_have_text("Running")
    client.put("/api/v1/files/local/seen-running", content=b"").raise_for_status()
    await expect(log).to_contain_text("step 4")
    # Nobody touches the page: the event stream says that the job has ended.
    await expect(row.locator(".word")).to_have_text("Done")
    await expect(page.locator("gw-log [role=status]")).to_contain_text("Complete")
    await gate.check()


async def test_a_job_is_canceled_after_a_question(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    body = {"script": "sleep 300", "name": "endless"}
    job = client.post("/api/v1/jobs/local", json=body).raise_for_status().json()
    await page.goto(f"{gateway.url}/jobs/local/{job['id']}")
    await page.get_by_role("button", name="Cancel endless").click()
    await page.get_by_role("button", name="Keep as it is").click()
    await page.get_by_role("button", name="Cancel endless").click()
    await page.get_by_role("button", name="Cancel the job").click()
    row = page.locator("gw-jobs tr.row", has_text="endless")
    await expect(row.locator(".word")).to_have_text("Canceled")


async def test_a_listener_can_stop_what_is_destructive(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    client.put("/api/v1/files/local/precious.txt", content=b"x").raise_for_status()
    await page.goto(f"{gateway.url}/files")
    await page.evaluate(
        "() => addEventListener('gw-delete', (event) => event.preventDefault())"
    )
    await page.get_by_role("button", name="Delete precious.txt").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert client.get("/api/v1/files/local/precious.txt").text == "x"
