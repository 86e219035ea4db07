"""What a job's page offers: advice, its array, the job again, and other systems."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.canned import Canned, canned_gate
from tests.browser.conftest import OpenPage
from tests.browser.test_states import job
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADVICE = "Its 8 cores were busy for 12 % of the time: 1 would do."


async def test_a_job_shows_how_well_it_used_its_resources(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    told = {"cpu": 0.12, "memory": 0.5, "gpu": None, "advice": ADVICE}
    one = {**job(4), "efficiency": told, "attempts": 2}
    canned = Canned()
    canned.on("GET", "/jobs", {"systems": [{"name": "local"}], "next": None})
    canned.on("GET", "/jobs/local", {"jobs": [one], "next": None})
    canned.on("GET", "/jobs/local/4", one)
    canned.on("GET", "/jobs/local/4/output", lambda *_: (200, ""))
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/jobs/local/4")
    part = gate.page.get_by_label("Efficiency")
    await expect(part).to_contain_text(ADVICE)
    await expect(part).to_contain_text("Cores busy")
    await expect(part).to_contain_text("12 %")
    await expect(part).not_to_contain_text("GPU")
    await expect(gate.page.get_by_text("2, since it was put back")).to_be_visible()
    await gate.check_all_looks()


async def test_another_system_is_chosen(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    names = [{"name": "local"}, {"name": "cluster"}]
    canned.on("GET", "/jobs", {"systems": names, "next": None})
    canned.on("GET", "/jobs/local", {"jobs": [job(4)], "next": None})
    canned.on("GET", "/jobs/cluster", {"jobs": [job(6)], "next": None})
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/jobs")
    await expect(gate.page.get_by_role("button", name="job-4")).to_be_visible()
    await gate.page.get_by_label("System", exact=True).select_option("cluster")
    await expect(gate.page.get_by_role("button", name="job-6")).to_be_visible()
    assert gate.page.url.endswith("/jobs/cluster")
    await gate.check_all_looks()


async def test_an_array_is_one_line_that_opens(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    spec = {
        "script": "#!/bin/sh\necho element $GATEWRIGHT_ARRAY_INDEX\n",
        "name": "of-three", "array": "1-3",
    }  # fmt: skip
    made = client.post("/api/v1/jobs/local", json=spec).raise_for_status().json()
    await page.goto(f"{gateway.url}/jobs")
    row = page.locator("gw-jobs tr.row", has_text="of-three")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("3 elements: 3 done")
    await row.get_by_role("button", name="of-three").click()
    await page.wait_for_url(re.compile(rf"/jobs/local/{made['id']}$"))
    await page.get_by_role("button", name="Element 2").click()
    await expect(page.locator("gw-log pre")).to_contain_text("element 2")
    await page.get_by_role("button", name="Element 3").click()
    await expect(page.locator("gw-log pre")).to_contain_text("element 3")
    await expect(row).to_have_count(1)


@pytest.mark.parametrize("kind", ["script", "command"])
async def test_a_job_is_edited_and_submitted_again(
    page: Page, gateway: RunningGateway, client: httpx.Client, kind: str
) -> None:
    text = "echo first $VALUE"
    program: dict[str, Any] = {"script": f"#!/bin/sh\n{text}\n"}
    if kind == "command":
        program = {"executable": "sh", "arguments": ["-c", text, 'a "b" $c `d` \\']}
    spec = {
        **program, "name": f"again-{kind}", "environment": {"VALUE": "kept"},
        "attributes": {"duration": 90}, "stdout_path": f"again-{kind}.txt",
    }  # fmt: skip
    old = client.post("/api/v1/jobs/local", json=spec).raise_for_status().json()
    await page.goto(f"{gateway.url}/jobs/local/{old['id']}")
    await page.get_by_role("link", name="Edit and submit again").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value(f"again-{kind}")
    await expect(page.get_by_label("Minutes")).to_have_value("1.5")
    label = "Script" if kind == "script" else "Program and arguments"
    field = page.get_by_label(label, exact=True)
    await field.fill((await field.input_value()).replace("first", "second"))
    await page.get_by_role("button", name="Submit", exact=True).click()
    await page.wait_for_url(re.compile(r"/jobs/local/\d+$"))
    new = client.get(f"/api/v1/jobs/local/{page.url.rpartition('/')[2]}").json()
    assert new["id"] != old["id"]
    wanted = json.loads(json.dumps(old["spec"]).replace("first", "second"))
    assert new["spec"] == wanted
    await expect(page.locator("gw-log pre")).to_contain_text("second kept")
