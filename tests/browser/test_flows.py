"""What people do in the portal, done in a browser against the real gateway."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import CDPSession, Page, Request, Route, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway, command

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long password that nobody guesses"
SLOW_SCRIPT = """#!/bin/sh
echo step 1
for _ in $(seq 2400); do [ -e seen-running ] && break; sleep 0.1; done
for i in 2 3 4; do echo step $i; sleep 0.3; done
"""


@pytest.fixture(scope="module")
def client(gateway: RunningGateway) -> Iterator[httpx.Client]:
    with gateway.client(gateway.token()) as found:
        yield found


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
    link = command("user", "link", "--state", str(gateway.state), "mallory").strip()
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


async def test_a_document_that_changed_elsewhere_is_not_overwritten(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    url = "/api/v1/store/notes/one"
    client.put(url, json={"by": "first"}).raise_for_status()
    await page.goto(f"{gateway.url}/store/notes/one")
    text = page.get_by_label("Document (JSON)")
    await expect(text).to_have_value(re.compile("first"))
    await text.fill('{"by": "page"}')
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text(["Saved"])
    client.put(url, json={"by": "script"}).raise_for_status()
    await text.fill('{"by": "page again"}')
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Somebody else changed this")).to_be_visible()
    assert client.get(url).json() == {"by": "script"}


async def test_a_walk_by_keyboard_alone(page: Page, gateway: RunningGateway) -> None:
    await page.goto(gateway.url)
    await expect(page.locator("gw-status li")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.goto(f"{gateway.url}/jobs/local/new")
    script = page.get_by_label("Script", exact=True)
    await script.focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("#!/bin/sh\necho by keyboard\n")
    await page.keyboard.press("Tab")
    await page.keyboard.type("typed")
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/jobs/local/\d+"))
    await expect(page.locator("gw-log pre")).to_contain_text("by keyboard")
    opener = page.get_by_role("button", name="typed", exact=True)
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(opener).to_have_attribute("aria-expanded", "false")


async def test_the_palette_leads_to_a_place_by_a_few_letters(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(gateway.url)
    await expect(page.locator("gw-status li")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_label("Go to", exact=True).fill("reanalysis")
    await expect(page.locator(".palette li")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{gateway.url}/data/simulated-reanalysis")


async def test_the_api_page_tries_an_operation(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/docs/api")
    await page.get_by_label("Find an operation").fill("who am i")
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await page.locator("summary").click()
    await page.get_by_role("button", name="Try it").click()
    await expect(page.locator(".answer")).to_contain_text('"user": "demo"')
    await gate.check()


async def test_a_code_menu_says_the_same_request(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    await page.locator("gw-subset gw-code summary").click()
    code = page.locator("gw-subset gw-code pre")
    await expect(code).to_contain_text("curl --fail-with-body 'http://127.0.0.1")
    await page.get_by_role("button", name="Python").click()
    await expect(code).to_contain_text("requests.request(")
    await page.keyboard.press("Escape")
    await expect(code).to_have_count(0)


READY = {
    "/jobs": "gw-jobs .state, gw-jobs tr.row",
    "/jobs/local/new": "gw-job-form form",
    "/files": "gw-files .state, gw-files tr.row",
    "/data/simulated-reanalysis": "gw-map .ol-zoom",
    "/sky/simulated-sky": "gw-sky .strip button",
}


@pytest.mark.parametrize("path", READY)
async def test_a_first_visit_transfers_little(
    path: str, open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    gate.page.on("requestfinished", note)
    await gate.page.goto(gateway.url + path)
    await expect(gate.page.locator(".top gw-login .person")).to_be_visible()
    await expect(gate.page.locator(READY[path]).first).to_be_visible()
    own = [
        one
        for one in requests
        if re.search(r"/kit/(?!.*/(ol|uplot|coast-\w+)\.js)", one.url)
    ]
    sizes = {one.url: await transferred(one) for one in own}
    assert len(sizes) > 20
    assert sum(sizes.values()) <= 60_000, sizes


async def transferred(request: Request) -> int:
    """Return the size of an answer's body as it was sent, which is compressed.

    Chromium's own figure (``responseBodySize``) is below zero for some icons.
    """
    answer = await request.response()
    assert answer is not None
    headers = await answer.all_headers()
    return int(headers["content-length"])
