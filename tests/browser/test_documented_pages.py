"""The pages of HTML that the documentation shows work as it says."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.browser.gate import Gate
from tests.browser.waiting import until
from tests.docs.blocks import blocks_of
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).resolve().parents[2]
FIELD = "/api/v1/datasets/simulated-reanalysis/subset"
NOT_WRITTEN_YET = ("404 (Not Found)",)
"""What Chromium says of a document of a field in which nobody has written."""
UNDEFINED = """() =>
  [...document.querySelectorAll(":not(:defined)")].map((one) => one.localName)"""
_PAGE = re.compile(r"<<'PAGE'\n(.*?)^PAGE$", re.MULTILINE | re.DOTALL)


def publish(gateway: RunningGateway, name: str, text: str) -> str:
    """Put a page into the gateway's folder of pages; return its address."""
    folder = gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return f"{gateway.url}/pages/{name}"


async def choose(page: Page) -> None:
    """Choose a box on the map, and see its curve."""
    await page.get_by_text("Write the box in degrees").click()
    for name, degrees in (("West", -20), ("South", 40), ("East", 20), ("North", 60)):
        await page.get_by_label(name, exact=True).fill(str(degrees))
    await page.get_by_role("button", name="Select", exact=True).click()
    await expect(page.locator("gw-timeseries .uplot")).to_be_visible()
    place = "40°N to 60°N, 20°W to 20°E"
    await expect(page.locator("gw-timeseries")).to_contain_text(place)


@pytest.mark.parametrize("source", ["README.md", "docs/how-to/pages.md"])
async def test_a_page_of_elements_alone(
    gate: Gate, gateway: RunningGateway, source: str
) -> None:
    (text,) = [one.text for one in blocks_of(ROOT / source) if one.language == "html"]
    gate.expected = NOT_WRITTEN_YET
    page = gate.page
    await page.goto(publish(gateway, "shown.html", text))
    await choose(page)
    await expect(page.get_by_role("button", name="Submit")).to_be_visible()
    await until(lambda: page.evaluate(UNDEFINED), lambda names: names == [])
    await gate.check()


async def test_the_application_of_the_tutorial(
    gate: Gate, gateway: RunningGateway
) -> None:
    tutorial = ROOT / "docs" / "tutorial" / "first-application.md"
    first, whole = _PAGE.findall(tutorial.read_text(encoding="utf-8"))
    gate.expected = NOT_WRITTEN_YET
    page = gate.page
    await page.goto(publish(gateway, "storms.html", first))
    await choose(page)
    await page.goto(publish(gateway, "storms.html", whole))
    await choose(page)
    script = page.locator("gw-job-form textarea")
    await expect(script).to_have_value(re.compile(r"lat=40(\.0)?(:|%3A)60"))
    await page.get_by_role("button", name="Submit").click()
    result = page.get_by_label("Result")
    await expect(result).to_contain_text("1987")
    await expect(page.locator("gw-files")).to_contain_text("lowest.csv")
    await expect(page.locator("gw-jobs")).to_contain_text("storms")
    line = (await result.inner_text()).strip().split(",")
    box = {"var": "prmsl", "lat": "40:60", "lon": "-20:20", "time": line[0]}
    with gateway.client(gateway.token()) as client:
        answer = client.get(FIELD, params=box | {"stat": "mean", "format": "json"})
    values = answer.json()["variables"]["prmsl_mean"]["values"]
    assert float(line[-1]) == pytest.approx(min(values), abs=0.01)
    await gate.check()
