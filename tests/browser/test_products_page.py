"""Coadds and differences by hand: made of the demo's images, looked at, and told."""

import io
import re
from functools import partial
from typing import Any

import httpx
import pytest
from astropy.io import fits
from playwright.async_api import Locator, Page, Request, expect
from tests.browser.canned import Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.test_hands import hand_on
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

API = "/api/v1"
SKY = "/sky/simulated-sky"
NIGHTS = "band=r&time=2024-01-16/2024-01-23"
MAKING_MS = 300_000

PICTURE = "(one) => one.toDataURL()"
SPREAD = """(one) => {
  const {data} = one.getContext("2d").getImageData(200, 200, 300, 300);
  const grey = [...data].filter((_, i) => i % 4 === 0);
  return Math.max(...grey) - Math.min(...grey);
}"""
AT_RING = """(figure) => {
  const ring = figure.querySelector("circle.found");
  const at = (name) => Math.round(ring.getAttribute(name) * 7.2);
  const canvas = figure.querySelector("canvas");
  return canvas.getContext("2d").getImageData(at("cx"), at("cy"), 1, 1).data[0];
}"""
"""The grey level of the pixel in the middle of the first ring of a plane."""


def plane(page: Page, name: str) -> Locator:
    """Return the figure of a plane."""
    return page.locator("figure").filter(has=page.locator(f"canvas[data-plane={name}]"))


async def drawn(page: Page, *names: str) -> None:
    """Wait until planes show something."""
    for name in names:
        canvas = plane(page, name).locator("canvas")
        await until(partial(canvas.evaluate, SPREAD), lambda grey: grey > 0)


async def made(page: Page, kind: str) -> Locator:
    """Press the button, and return the result when it is there."""
    await page.get_by_role("button", name=f"Make the {kind}").click()
    result = page.locator(f"gw-{kind} [part=result]")
    await expect(result).to_be_visible(timeout=MAKING_MS)
    return result


async def test_images_are_stacked_by_hand_from_the_page_of_the_sky(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}{SKY}?target=150.0886+2.1986&fov=0.012")
    await page.get_by_role("link", name="Stack images").click()
    place = page.get_by_label("Place: right ascension")
    await expect(place).to_have_value("150.0886 2.1986")
    await expect(page.get_by_label("Radius, arcseconds")).to_have_value("21.6")
    await page.get_by_label("Band").select_option("r")
    await page.get_by_label("From").fill("2024-01-16")
    await page.get_by_label("To", exact=True).fill("2024-01-23")
    await page.get_by_label("Method").select_option("mean")
    found = page.get_by_text("2 images, 2024-01-16 to 2024-01-23")
    await expect(found).to_be_visible()

    result = await made(page, "coadd")
    await expect(result).to_contain_text("Coadd of 2 images in r")
    name = re.search(r"coadd=(c-[0-9a-f]+)", page.url)
    assert name is not None
    told = client.get(f"{API}/coadds/{name[1]}").json()
    assert told["request"]["method"] == "mean"
    depth = told["report"]["depth"]
    await expect(result).to_contain_text(f"flux {float(f'{depth:.5g}')}")
    await expect(result).to_contain_text("AB, ")
    await result.get_by_text("Made of: 2 images").click()
    await expect(result.locator("tbody tr")).to_have_count(2)
    await drawn(page, "coadd", "weight")

    async with page.expect_download() as download:
        await result.get_by_role("link", name="FITS of the plane weight").click()
    raw = (await (await download.value).path()).read_bytes()
    with fits.open(io.BytesIO(raw)) as file:
        assert file[0].header["EXTNAME"].strip() == "WEIGHT"
        assert file[0].data.min() >= 0
    await page.reload()
    await expect(page.locator("gw-coadd [part=result]")).to_contain_text("Depth")
    await gate.check()
    await gate.check_all_looks()


async def test_the_last_day_is_subtracted_unless_others_are_chosen(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}{SKY}/difference")
    form = page.get_by_role("form", name="Make a difference")
    images = client.get(f"{API}/images?survey=simulated-sky&limit=1000").json()
    last = max(image["started_at"][:10] for image in images["images"])
    await expect(form.get_by_label("From")).to_have_value(last)
    await expect(form.get_by_label("To")).to_have_value(last)
    await expect(form).to_contain_text(f"1 image, {last}")
    result = await made(page, "difference")
    await result.get_by_text("New images: 1 image").click()
    await gate.check()


async def test_planes_lie_on_one_grid_and_move_together_by_keys_and_mouse(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, gate.expected = gate.page, ("getImageData",)  # which only the test asks for
    await page.goto(f"{gateway.url}{SKY}/difference?{NIGHTS}")
    result = await made(page, "difference")
    await drawn(page, "science", "reference", "difference", "score")
    score, readout = plane(page, "score"), page.locator(".readout")
    whole = await readout.inner_text()
    # The score is white where the most significant detection is, by world coordinates.
    bright = 240
    assert await score.evaluate(AT_RING) > bright
    await result.get_by_role("button", name="Show 1").click()
    centre = await readout.inner_text()
    place = await result.locator("tbody tr").first.locator("td").nth(1).inner_text()
    assert centre.startswith(place)

    group = page.get_by_role("group", name="Planes on one grid")
    await group.focus()
    await page.keyboard.press("ArrowRight")
    assert await readout.inner_text() != centre
    assert await score.evaluate(AT_RING) > bright
    await page.keyboard.press("-")
    box = await score.locator("canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 40, y + 20, steps=4)
    await page.mouse.up()
    assert await score.evaluate(AT_RING) > bright
    rings = [
        await one.get_attribute("cx")
        for one in await page.locator("circle.found:first-of-type").all()
    ]
    assert len(rings) == 4
    assert len(set(rings)) == 1

    pictures = [
        plane(page, name).locator("canvas") for name in ("science", "reference")
    ]
    science, reference = [await one.evaluate(PICTURE) for one in pictures]
    assert science != reference
    await page.keyboard.down("b")
    await expect(plane(page, "science").locator(".sign")).to_have_text("reference")
    assert await pictures[0].evaluate(PICTURE) == reference
    await page.keyboard.up("b")
    assert await pictures[0].evaluate(PICTURE) == science
    await page.keyboard.press("0")
    await page.mouse.move(0, 0)
    await expect(readout).to_have_text(whole)

    before = await pictures[0].evaluate(PICTURE)
    await page.get_by_label("Picture").select_option("linear")
    await until(lambda: pictures[0].evaluate(PICTURE), lambda now: now != before)
    await result.get_by_role("link", name=re.compile("Vote on")).click()
    await expect(page.locator("gw-scan .votes")).to_be_visible()
    await gate.check()


async def test_a_coadd_becomes_the_reference_of_a_difference_on_a_page_of_one_s_own(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/kit/examples/supernova.html")
    await made(page, "coadd")
    await expect(page.locator("#said")).to_contain_text("is the reference now")
    chosen = page.locator("gw-difference").get_by_label("Id of the coadd")
    await expect(chosen).to_have_value(re.compile("c-[0-9a-f]+"))
    result = await made(page, "difference")
    await expect(result.locator("tbody tr").nth(2)).to_be_visible()
    await expect(page.locator("gw-candidates tbody tr")).to_have_count(3)
    await gate.check_all_looks()


async def test_fingers_move_and_zoom_all_planes(
    open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
    gate = await open_page(storage_state=signed_in, **phone)
    page = gate.page
    await page.goto(f"{gateway.url}{SKY}/difference?{NIGHTS}")
    await made(page, "difference")
    await drawn(page, "science", "score")
    canvas, readout = plane(page, "score").locator("canvas"), page.locator(".readout")
    await canvas.scroll_into_view_if_needed()
    box = await canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    far = await plane(page, "science").locator("circle.found").count()
    before = await readout.inner_text()
    hand = await hand_on(page)
    await hand.move(((x, y), (x + 30, y + 10)))
    await until(readout.inner_text, lambda now: now != before)
    await hand.move(((x - 5, y), (x - 60, y)), ((x + 5, y), (x + 60, y)))
    rings = plane(page, "science").locator("circle.found")
    await until(rings.count, lambda now: now < far)
    await gate.check()


PRODUCT: dict[str, Any] = {
    "id": "c-0123", "kind": "coadd", "state": "working", "reason": None,
    "request": {"images": ["a~1~0", "a~2~0"], "pos": None, "method": "clipped"},
    "owner": "demo", "created_at": "2026-11-29T08:00:00.000Z", "planes": [],
    "report": {}, "links": {"self": "", "image": ""},
}  # fmt: skip
SURVEY = {"id": "a", "title": "A", "bands": {"r": 2}, "t_min": 60310, "t_max": 60311}
IMAGES = {"images": [{"id": "a~1~0", "started_at": None}], "next": None}


def sky() -> Canned:
    """Return a gateway with one survey, whose coadds are to be answered."""
    canned = Canned()
    canned.on("GET", "/surveys/a", SURVEY)
    canned.on("GET", "/images", IMAGES)
    return canned


async def test_a_page_says_what_is_being_made_until_it_fails_with_its_reason(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    state = {"state": "working"}
    canned = sky()
    canned.on("POST", "/coadds", lambda *_: (202, PRODUCT))
    canned.on("GET", "/coadds/c-0123", lambda *_: (200, {**PRODUCT, **state}))
    gate = await canned_gate(open_page, canned)
    page = gate.page
    await page.goto(f"{gateway.url}/sky/a/coadd")
    await expect(page.get_by_text("No coadd yet")).to_be_visible()
    await page.get_by_role("button", name="Make the coadd").click()
    progress = page.locator("[part=progress]")
    await expect(progress).to_contain_text("2 images are read, aligned by their stars")
    await expect(progress).to_contain_text("It goes on when you leave this page")
    await expect(progress.get_by_role("progressbar")).to_be_visible()
    await expect(page).to_have_url(re.compile("coadd=c-0123"))
    await gate.check_all_looks()
    await page.reload()
    await expect(progress).to_be_visible()
    state |= {"state": "failed", "reason": "No star is in both images."}
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("No star is in both images.")
    await expect(alert).to_contain_text("Change the request")
    await gate.check_all_looks()


async def test_a_refused_request_says_why_and_the_form_is_still_there(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    refused = problem(413, "too-large", "Too large", "Request a smaller region.")
    canned = sky()
    canned.on("POST", "/differences", lambda *_: refused)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("413",)
    page = gate.page
    await page.goto(f"{gateway.url}/sky/a/difference?target=10+20")
    await page.get_by_label("Days earlier, at least").fill("30")
    await page.get_by_role("button", name="Make the difference").click()
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("Request a smaller region.")
    await expect(alert).to_contain_text("01j9zq4m8w")
    await expect(page.get_by_label("Days earlier, at least")).to_have_value("30")
    (body,) = [text for how, _, text in canned.asked if how == "POST"]
    assert body == (
        '{"science":{"survey":"a","band":"r","time":"2024-01-02/2024-01-02"},'
        '"reference":{"days":30,"most":10},"pos":"CIRCLE 10 20 0.01"}'
    )
    await gate.check_all_looks()


async def test_a_survey_that_does_not_answer_can_be_asked_again(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    failing = True

    def survey(_: Request, __: dict[str, str]) -> Any:
        if failing:
            return problem(503, "unavailable", "Unavailable", "Try again in a minute.")
        return 200, SURVEY

    canned = sky()
    canned.on("GET", "/surveys/a", survey)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    page = gate.page
    await page.goto(f"{gateway.url}/sky/a/coadd")
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("Try again in a minute.")
    failing = False
    await alert.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("form", name="Make a coadd")).to_be_visible()
    await expect(alert).to_have_count(0)


async def test_a_visitor_looks_at_a_difference_and_is_asked_to_sign_in_to_make_one(
    open_page: OpenPage, gateway: RunningGateway, client: httpx.Client
) -> None:
    nights = {"survey": "simulated-sky", "band": "r", "time": "2024-01-16/2024-01-23"}
    body = {"science": nights, "reference": "auto"}
    asked = client.post(f"{API}/differences", json=body).raise_for_status().json()
    gate = await open_page()
    page = gate.page
    await page.goto(f"{gateway.url}{SKY}/difference?difference={asked['id']}")
    result = page.locator("gw-difference [part=result]")
    await expect(result).to_be_visible(timeout=MAKING_MS)
    element = page.locator("gw-difference")
    await expect(element).to_contain_text("Sign in to make a difference")
    await expect(page.get_by_role("form", name="Make a difference")).to_have_count(0)
    await drawn(page, "score")
    await gate.check()


async def test_an_address_that_names_no_page_of_a_survey_shows_its_sky(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await canned_gate(open_page, sky())
    for name in ("nothing", "constructor", "__proto__"):
        await gate.page.goto(f"{gateway.url}/sky/a/{name}")
        current = gate.page.get_by_role("link", name="Look", exact=True)
        await expect(current).to_have_attribute("aria-current", "page")
        await expect(gate.page.locator("gw-sky")).to_be_attached()
