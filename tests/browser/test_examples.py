"""Pages of others' making: the example in one file, and one written for old NEWT."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long password that nobody guesses"

NEWT_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Old ±</title>
<body><h1>My queue</h1><ul id="queue"></ul><pre id="text"></pre><p id="who"></p>
<script src="/kit/newt-compat.js"></script>
<script>
function doAfterLogin() {
  document.getElementById("who").textContent = "hello " + newt_user.username;
  $.newt_ajax({type: "POST", url: "/queue/local",
    data: {jobscript: "#!/bin/sh\\necho from old newt\\n"},
    success: function (data) { watch(data.jobid); },
    error: function () { document.getElementById("who").textContent = "failed"; }});
}
function doAfterLogout() { document.getElementById("who").textContent = "goodbye"; }
function watch(id) {
  $.newt_ajax({type: "GET", url: "/queue/local/" + id, success: function (job) {
    document.getElementById("queue").innerHTML = "<li>" + job.jobid + "</li>";
    read(id);
  }});
}
function read(id) {
  $.newt_ajax({type: "POST", url: "/command/local",
    data: {executable: "/bin/cat job-" + id + ".out", loginenv: "true"},
    success: function (data) {
      if (!data.output) { setTimeout(function () { read(id); }, 200); return; }
      $.newt_ajax({url: "/file/local/job-" + id + ".out", type: "GET",
        data: {view: "read"}, success: function (text) {
          document.getElementById("text").textContent = text;
        }});
    }});
}
</script></body></html>"""

JQUERY = """window.jQuery = window.$ = {
  ajax: (call) => fetch(call.url, {headers: {"X-Requested-With": "XMLHttpRequest"}})
    .then((answer) => answer.json()).then((data) => call.success(data))};"""


async def test_the_example_of_one_file_does_what_it_says(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    document = client.put("/api/v1/store/campaign/title", json="Storms")
    document.raise_for_status()
    page = gate.page
    await page.goto(f"{gateway.url}/kit/examples/campaign.html")
    await expect(page.locator("gw-timeseries .uplot")).to_be_visible()
    await expect(page.get_by_label("Title of the campaign")).to_have_value("Storms")
    # The map's field, which the script is written after, may come after the series.
    script = page.locator("gw-job-form textarea")
    await expect(script).to_have_value(re.compile(r"summary\.txt"))
    files = page.locator("gw-files")
    await expect(files).to_have_attribute("path", re.compile("/campaign$"))
    await page.get_by_role("button", name="Submit").click()
    await expect(page.locator("#result")).to_contain_text("mean")
    text = await page.locator("#result").inner_text()
    mean = float(text.split("mean")[1].split()[0])
    asked = {"var": "prmsl", "lat": "40:70", "lon": "-30:20", "stat": "mean"}
    when = {"time": "1987-10-13T00:00:00", "format": "json"}
    url = "/api/v1/datasets/simulated-reanalysis/subset"
    answer = client.get(url, params=asked | when).json()
    values = answer["variables"]["prmsl_mean"]["values"]
    assert mean == pytest.approx(sum(values) / len(values), abs=0.1)
    await expect(files).to_contain_text("summary.txt")
    await gate.check()


async def test_a_field_keeps_what_is_written_and_shows_a_conflict(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    url = "/api/v1/store/campaign/title"
    client.put(url, json="First").raise_for_status()
    await page.goto(f"{gateway.url}/kit/examples/campaign.html")
    field = page.get_by_label("Title of the campaign")
    await expect(field).to_have_value("First")
    await field.fill("Second")
    await expect(field).to_have_attribute("data-gw-state", "saved")
    assert client.get(url).json() == "Second"
    client.put(url, json="Theirs").raise_for_status()
    await field.fill("Mine")
    await expect(page.get_by_text("Changed elsewhere to “Theirs”")).to_be_visible()
    assert client.get(url).json() == "Theirs"
    await page.get_by_role("button", name="Keep mine").click()
    await expect(field).to_have_attribute("data-gw-state", "saved")
    assert client.get(url).json() == "Mine"


@pytest.fixture(scope="module")
def newt_account(gateway: RunningGateway) -> str:
    gateway.add_user("newton", PASSWORD, role="owner")
    return "newton"


async def test_a_page_of_old_newt_runs_after_a_change_of_its_script_s_url(
    open_page: OpenPage, gateway: RunningGateway, newt_account: str
) -> None:
    folder = gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "old.html").write_text(NEWT_PAGE, encoding="utf-8")
    gate = await open_page()
    page = gate.page
    await page.goto(f"{gateway.url}/pages/old.html")
    await page.get_by_label("User name").fill(newt_account)
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not go together")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#who")).to_have_text(f"hello {newt_account}")
    await expect(page.locator("#queue li")).to_have_count(1)
    await expect(page.locator("#text")).to_have_text("from old newt\n")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#who")).to_have_text("goodbye")
    await gate.check_all_looks()


async def test_newt_calls_go_through_jquery_where_it_is(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    folder = gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "jquery.js").write_text(JQUERY, encoding="utf-8")
    (folder / "with-jquery.html").write_text(
        '<!doctype html><html lang="en"><title>x</title><body><p id="name"></p>'
        '<script src="/pages/jquery.js"></script>'
        '<script src="/kit/newt-compat.js" data-no-bar></script><script>'
        '$.newt_ajax({url: "/status", success: (all) => {'
        'document.getElementById("name").textContent = all[0].system; }});</script>',
        encoding="utf-8",
    )
    gate = await open_page()
    await gate.page.goto(f"{gateway.url}/pages/with-jquery.html")
    await expect(gate.page.locator("#name")).to_have_text("local")
    await expect(gate.page.locator("#newt_login_bar")).to_have_count(0)
    await gate.check()


async def test_a_newt_call_with_async_false_has_its_answer_when_it_returns(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    folder = gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "waits.html").write_text(
        '<!doctype html><html lang="en"><title>x</title><body><p id="name"></p>'
        '<script src="/kit/newt-compat.js" data-no-bar></script><script>'
        "function systems() { let found = false;"
        '$.newt_ajax({url: "/status", async: false,'
        "success: (all) => { found = all[0].system; }}); return found; }"
        'document.getElementById("name").textContent = systems();</script>',
        encoding="utf-8",
    )
    gate = await open_page()
    await gate.page.goto(f"{gateway.url}/pages/waits.html")
    await expect(gate.page.locator("#name")).to_have_text("local")
