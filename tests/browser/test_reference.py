"""The reference of the kit: its examples run, and it leaves nothing out."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.conftest import OpenPage
from tests.browser.test_documented_pages import publish
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
_SECTION = re.compile(r"^## `([\w.-]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"^```(html|js)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_METHOD = re.compile(r"^- `(?:static )?(\w+)", re.MULTILINE)
_NAME = re.compile(r"^\| `([\w-]+)` \|", re.MULTILINE)


def sections(page: str) -> dict[str, str]:
    """Return the sections of a page by what they are of."""
    return dict(_SECTION.findall((REFERENCE / page).read_text(encoding="utf-8")))


ELEMENTS, CLIENT = sections("elements.md"), sections("client.md")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Example</title>
<link rel="stylesheet" href="/kit/gw.css">
<script type="module" src="/kit/gw.js"></script>
<main class="gw-page"><h1>Example</h1>
{example}
</main></html>
"""
SCRIPT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Example</title>
<p id="said"></p><script type="module">
import {{ gateway, Gateway, GatewayError }} from "/kit/gw.js";
{example}
document.getElementById("said").textContent = "done";
</script></html>
"""
SHAPE = """async (name) => {
  const { register } = await import("/kit/elements/registry.js");
  const { LitElement } = await import("/kit/vendor/lit.js");
  await register(name);
  const one = customElements.get(name);
  const shared = new Set(["gateway", "denied", "reload", "constructor"]);
  const names = [];
  const above = Object.getPrototypeOf;
  for (let at = one.prototype; at !== LitElement.prototype; at = above(at)) {
    if (Object.hasOwn(at, "announce")) break; // what all elements share
    names.push(...Object.getOwnPropertyNames(at));
  }
  const own = (found) => !(found in LitElement.prototype)
    && !one.elementProperties.has(found);
  const known = (found) => !found.startsWith("_") && !shared.has(found);
  const given = [...one.elementProperties].filter(([, about]) => !about.state);
  return {
    attributes: given.filter(([, about]) => about.attribute !== false)
      .map(([key, about]) => about.attribute || key.toLowerCase()).filter(known),
    properties: given.filter(([, about]) => about.attribute === false)
      .map(([key]) => key).filter(known),
    members: names.filter(known).filter(own),
  };
}"""
FAMILIES = """async () => {
  const { gateway, GatewayError } = await import("/kit/gw.js");
  const names = (one) => Object.getOwnPropertyNames(Object.getPrototypeOf(one))
    .filter((name) => !name.startsWith("_") && name !== "constructor");
  const statics = Object.getOwnPropertyNames(GatewayError)
    .filter((name) => !["length", "name", "prototype"].includes(name));
  const error = [...names(new GatewayError("x")), ...statics];
  const all = { gateway: names(gateway), GatewayError: error };
  for (const [name, family] of Object.entries(gateway))
    all[`gateway.${name}`] = names(family);
  return all;
}"""


@pytest.mark.parametrize("name", ELEMENTS)
async def test_the_example_of_an_element_runs(
    name: str, open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    gate.expected = ("404 (Not Found)",)  # of documents that nobody has written yet
    ((language, example),) = _EXAMPLE.findall(ELEMENTS[name])
    assert language == "html"
    page = gate.page
    await page.goto(publish(gateway, f"{name}.html", PAGE.format(example=example)))
    shown = page.locator(f"main {name}" if name.startswith("gw-") else f"[{name}]")
    # The demo has nothing that these could show: no upload, one system, no notice.
    if name in {"gw-uploads", "gw-systems", "gw-notices"}:
        await expect(shown).to_be_attached()
    else:
        await expect(shown).to_be_visible()
    undefined = "() => document.querySelectorAll(':not(:defined)').length"
    await until(lambda: page.evaluate(undefined), lambda found: found == 0)
    waiting = page.locator("main [part=loading]")
    await expect(waiting).to_have_count(0)
    await expect(page.get_by_role("alert")).to_have_count(0)
    await gate.check()


@pytest.mark.parametrize("name", CLIENT)
async def test_the_example_of_the_client_runs(
    name: str, open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    gate.expected = ("404 (Not Found)",) if name == "GatewayError" else ()
    ((language, example),) = _EXAMPLE.findall(CLIENT[name])
    assert language == "js"
    page = SCRIPT.format(example=example)
    await gate.page.goto(publish(gateway, "example.html", page))
    await expect(gate.page.locator("#said")).to_have_text("done")
    await gate.check()


async def test_the_reference_leaves_no_attribute_property_or_method_out(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    page = (await open_page()).page
    await page.goto(f"{gateway.url}/sign-in")
    for name, text in ELEMENTS.items():
        if not name.startswith("gw-"):
            continue
        shape = await page.evaluate(SHAPE, name)
        told = set(_NAME.findall(text))
        assert {*shape["attributes"], *shape["properties"]} <= told, name
        assert set(shape["members"]) == set(_METHOD.findall(text)), name


async def test_the_reference_leaves_no_method_of_the_client_out(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    page = (await open_page()).page
    await page.goto(f"{gateway.url}/sign-in")
    families = await page.evaluate(FAMILIES)
    assert set(families) == set(CLIENT)
    for name, methods in families.items():
        assert set(methods) == set(_METHOD.findall(CLIENT[name])), name
