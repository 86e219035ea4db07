"""The page of files: upload, rename, show, delete."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import CDPSession, Page, Route, expect
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def bound_uploads(network: CDPSession, speed: int) -> None:
    """Let a page send so many bytes a second; below zero, as many as it can."""
    bounds = {"offline": False, "latency": 0, "downloadThroughput": -1}
    bounds["uploadThroughput"] = speed
    await network.send("Network.emulateNetworkConditions", bounds)


async def test_files_are_uploaded_with_progress_renamed_shown_and_deleted(
    gate: Gate, gateway: RunningGateway, client: httpx.Client, tmp_path: Path
) -> None:
    page = gate.page
    await page.add_init_script(
        """window.progress = [];
        const open = XMLHttpRequest.prototype.open;
        XMLHttpRequest.prototype.open = function (...all) {
          this.upload.addEventListener("progress", (e) => progress.push(e.loaded));
          return open.apply(this, all);
        };"""
    )
    await page.goto(f"{gateway.url}/files")
    await page.get_by_role("button", name="New folder").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill("100% of it")
    await page.get_by_role("button", name="Make the folder").click()
    await page.get_by_role("button", name="100% of it/").click()
    await page.wait_for_url(re.compile(r"/files/local/100%25%20of%20it$"))
    file = tmp_path / "zwölf & mehr.bin"
    file.write_bytes(b"0123456789abcdef" * (1 << 20))
    # A minute's upload until its progress was seen, and then as fast as it goes.
    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    await bound_uploads(network, 250_000)
    await page.locator("gw-files input[type=file]").set_input_files(file)
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await page.wait_for_function("() => window.progress.length > 1")
    await bound_uploads(network, -1)
    tray = page.get_by_label("Uploads")
    await expect(tray.locator(".word.done")).to_contain_text("16.0 MiB")
    steps = await page.evaluate("() => window.progress")
    assert len(steps) > 1
    assert steps[-1] == 16 << 20
    await page.get_by_role("button", name=f"Rename {file.name}").click()
    await page.get_by_label("New name").fill("<img onerror=alert(1)>.bin")
    await page.get_by_role("button", name="Rename", exact=True).click()
    row = page.locator("tr.row", has_text="<img onerror")
    await expect(row).to_contain_text("16.0 MiB")
    names = client.get("/api/v1/files/local/100%25%20of%20it/").json()["entries"]
    assert [one["name"] for one in names] == ["<img onerror=alert(1)>.bin"]
    await page.get_by_role("button", name=re.compile("Delete <img")).click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("This folder is empty")).to_be_visible()
    await gate.check()


async def drop(page: Page, name: str, text: str) -> None:
    """Drop a file onto the list, whether or not there is one yet."""
    await page.locator("gw-files .split").evaluate(
        """(place, [name, text]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], name));
          for (const kind of ["dragover", "drop"])
            place.dispatchEvent(new DragEvent(kind, {
              dataTransfer, bubbles: true, cancelable: true }));
        }""",
        [name, text],
    )


async def test_a_file_dropped_before_home_is_known_comes_home(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    dropped = asyncio.Event()

    async def late(route: Route) -> None:
        await dropped.wait()
        await route.continue_()

    await page.route("**/api/v1/files/local", late)
    await page.goto(f"{gateway.url}/files")
    await drop(page, "dropped.txt", "dropped")
    dropped.set()
    await page.get_by_role("button", name="dropped.txt", exact=True).click()
    await expect(page.get_by_label("Text", exact=True)).to_have_text("dropped")
    assert client.get("/api/v1/files/local/dropped.txt").text == "dropped"


async def test_a_folder_chosen_before_home_is_known_is_shown(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    folder = "/api/v1/files/local/chosen"
    client.post(folder, json={"op": "mkdir"}).raise_for_status()
    client.put(f"{folder}/there.txt", content=b"there").raise_for_status()
    chosen = asyncio.Event()

    async def late(route: Route) -> None:
        await chosen.wait()
        await route.continue_()

    await page.route("**/api/v1/files/local", late)
    async with page.expect_request("**/api/v1/files/local"):
        await page.goto(f"{gateway.url}/files")
    files = page.locator("gw-files")
    await files.evaluate("(one) => { one.path = '/chosen'; }")
    chosen.set()
    await files.evaluate("async (one) => { await one._finding; }")
    name = page.get_by_role("button", name="there.txt", exact=True)
    await expect(name).to_be_visible()
    await expect(files).to_have_attribute("path", "/chosen")


async def test_a_file_that_the_list_does_not_show_is_not_replaced_unasked(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    folder = "/api/v1/files/local/known"
    client.post(folder, json={"op": "mkdir"}).raise_for_status()
    client.put(f"{folder}/listed.txt", content=b"listed").raise_for_status()
    await page.goto(f"{gateway.url}/files/local/known")
    await expect(page.locator("gw-files tr.row")).to_have_count(1)
    client.put(f"{folder}/new.txt", content=b"precious").raise_for_status()
    for answer, text in (("Keep as it is", "precious"), ("Replace it", "dropped")):
        await drop(page, "new.txt", "dropped")
        await page.get_by_role("button", name=answer).click()
        await expect(page.get_by_role("dialog")).to_be_hidden()
        done = int(answer == "Replace it")
        await expect(page.locator("gw-uploads .done")).to_have_count(done)
        assert client.get(f"{folder}/new.txt").text == text


async def test_a_long_folder_comes_in_pages(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    script = "mkdir -p many && cd many && seq -f 'f%04g' 1 450 | xargs touch"
    command = {"command": ["/bin/sh", "-c", script]}
    client.post("/api/v1/command/local", json=command).raise_for_status()
    await page.goto(f"{gateway.url}/files/local/many")
    await expect(page.locator("gw-files tr.row")).to_have_count(200)
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("gw-files tr.row")).to_have_count(400)
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("gw-files tr.row")).to_have_count(450)
    await expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    await page.get_by_role("button", name="f0001", exact=True).focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("button", name="f0002", exact=True)).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.get_by_role("button", name="f0450", exact=True)).to_be_focused()
    # What is done to one entry does not make the list short again.
    client.put("/api/v1/files/local/many/f0000", content=b"x").raise_for_status()
    await page.get_by_role("button", name="Load again").click()
    await expect(page.locator("gw-files tr.row")).to_have_count(451)
