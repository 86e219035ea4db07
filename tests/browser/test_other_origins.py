"""Pages of other origins: what is public they show, and all else by a token alone."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.support.gateway import RunningGateway, command_here, running

from gatewright.cli.demo import SURVEY, demo_config, prepare
from gatewright.core.config import DatasetSource, SurveySource
from gatewright.core.config_text import to_toml

pytestmark = pytest.mark.asyncio(loop_scope="session")

DATASET = "simulated-reanalysis"
MAP = (
    "/api/v1/datasets/{}/subset?var=prmsl&time=1987-10-13T00:00:00&stat=mean&format=png"
)
FIELD = MAP.replace("format=png", "format=json&lat=40:44&lon=0:4")
LOADS = """(url) => new Promise((done) => {
  const image = new Image();
  image.onload = () => done(image.naturalWidth > 0);
  image.onerror = () => done(false);
  image.src = url;
})"""
READS = """(url) => fetch(url).then((answer) => answer.status, () => "unreadable")"""
ELEMENTS = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>Elsewhere</title><script type="module" src="{gateway}/kit/gw.js"></script>
<link rel="stylesheet" href="{gateway}/kit/gw.css"><h1>Elsewhere</h1>
<gw-map id="map" dataset="simulated-reanalysis" box="-20 40 20 60"></gw-map>
<gw-timeseries for="map" spread></gw-timeseries>
<gw-sky survey="simulated-sky"></gw-sky>
<gw-job-form></gw-job-form><gw-jobs live></gw-jobs>
</html>"""
SUBMIT = """async ([gateway, token]) => {
  const kit = await import(`${gateway}/kit/gw.js`);
  await kit.gateway.auth.useToken(token);
  const job = await kit.gateway.jobs.submit("local", { executable: "true" });
  return (await kit.gateway.jobs.wait("local", job.id)).state;
}"""


@dataclass(frozen=True, slots=True)
class Sites:
    """A gateway and a server of pages that is not it."""

    gateway: RunningGateway
    """With a data set and a survey that are one person's."""
    folder: Path
    """The pages of the other server."""
    named: str
    """Its origin as the gateway knows it."""
    unnamed: str
    """Another name of it, which the gateway does not know."""

    def publish(self, text: str) -> None:
        page = text.replace("{gateway}", self.gateway.url)
        (self.folder / "page.html").write_text(page, encoding="utf-8")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    folder = tmp_path_factory.mktemp("origins")
    (folder / "pages").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder / "pages"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_port
    named, unnamed = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
    state = folder / "state"
    prepare(state)
    config = demo_config(state, 0, None, (named,))
    own = {"access": ["demo"]}
    data = DatasetSource(id="own", source=config.datasets[0].source, **own)
    images = SurveySource(id="own-sky", images=config.surveys[0].images, **own)
    config.datasets.append(data)
    config.surveys.append(images)
    file = state / "gatewright.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    command_here("user", "link", "--state", str(state), "demo")
    try:
        with running(["serve", "--config", str(file)], state) as gateway:
            yield Sites(gateway, folder / "pages", named, unnamed)
    finally:
        server.shutdown()
        server.server_close()


async def elsewhere(page: Page, sites: Sites, origin: str) -> None:
    """Open an empty page of another origin."""
    sites.publish("<!doctype html><html lang='en'><title>Elsewhere</title></html>")
    await page.goto(f"{origin}/page.html")


@pytest.mark.parametrize("origin", ["named", "unnamed"])
async def test_any_page_shows_and_reads_what_is_public_and_nothing_else(
    origin: str, open_page: OpenPage, sites: Sites
) -> None:
    page = (await open_page()).page
    gateway = sites.gateway
    link = command_here("user", "link", "--state", str(gateway.state), "demo").strip()
    await page.goto(f"{gateway.url}/sign-in?{link.partition('?')[2]}")
    await expect(page.locator(".top gw-login .person")).to_contain_text("demo")
    # A session sees all of it, on the gateway's own pages.
    own = MAP.format("own")
    assert await page.evaluate(LOADS, own)
    images = "/api/v1/images?survey={}&limit=1"
    token = gateway.token()
    with gateway.client(token) as client:
        cutouts = {}
        for survey in (SURVEY, "own-sky"):
            answer = client.get(images.format(survey)).raise_for_status().json()
            image = answer["images"][0]
            place = f"CIRCLE {image['ra']} {image['dec']} 0.005"
            cutouts[survey] = (
                f"/api/v1/images/{image['id']}/cutout?pos={place}&format=png"
            )
    assert await page.evaluate(LOADS, cutouts["own-sky"])
    await elsewhere(page, sites, sites.named if origin == "named" else sites.unnamed)
    for path in (MAP.format(DATASET), cutouts[SURVEY]):
        assert await page.evaluate(LOADS, gateway.url + path), path
        assert await page.evaluate(READS, gateway.url + path) == 200
    assert await page.evaluate(READS, gateway.url + FIELD.format(DATASET)) == 200
    for path in (own, cutouts["own-sky"]):
        assert not await page.evaluate(LOADS, gateway.url + path), path
        read = await page.evaluate(READS, gateway.url + path)
        assert read in {401, 404, "unreadable"}, path
    for path in ("/api/v1/session", "/api/v1/jobs/local", "/api/v1/files/local/"):
        told = await page.evaluate(READS, gateway.url + path)
        visitor = {200, 401} if path.endswith("session") else {401}
        assert told in (visitor if origin == "named" else {"unreadable"}), path


async def test_elements_of_public_data_work_on_any_page(
    open_page: OpenPage, sites: Sites
) -> None:
    page = (await open_page()).page
    sites.publish(ELEMENTS)
    await page.goto(f"{sites.unnamed}/page.html")
    await expect(page.locator("gw-map .ol-zoom")).to_be_visible()
    await expect(page.locator("gw-timeseries .uplot")).to_be_visible()
    ready = "(sky) => Boolean(sky.epoch?.picture)"
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    await page.wait_for_function(f"() => ({ready})(document.querySelector('gw-sky'))")


async def test_a_token_does_the_rest_on_a_page_that_is_named(
    open_page: OpenPage, sites: Sites
) -> None:
    page = (await open_page()).page
    token = sites.gateway.token()
    sites.publish(ELEMENTS)
    await page.goto(f"{sites.named}/page.html")
    state = await page.evaluate(SUBMIT, [sites.gateway.url, token])
    assert state == "completed"
    await expect(page.locator("gw-jobs tr.row").first).to_be_visible()
    await expect(page.get_by_role("button", name="Submit")).to_be_visible()
    await page.goto(f"{sites.unnamed}/page.html")
    with pytest.raises(Exception, match=r"does not answer.*“cors_origins”"):
        await page.evaluate(SUBMIT, [sites.gateway.url, token])
