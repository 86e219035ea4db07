"""Classes and tags of what is scanned: given by keys, seen by all, withdrawn again."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Locator, expect
from tests.browser.canned import VISITOR, Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.test_scan import API, Found, shows, subtracted
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def difference(gateway: RunningGateway) -> Iterator[Found]:
    """A difference of other nights than those that other tests scan."""
    with gateway.client(gateway.token()) as client:
        name = subtracted(client, (3,), (0, 5))
        listed = client.get(f"{API}/candidates", params={"difference": name})
        ids = [one["id"] for one in listed.json()["candidates"]]
        yield Found(client, f"/scan?difference={name}", ids)


@pytest.fixture
def found(difference: Found) -> Iterator[Found]:
    """The difference, without a label, vote or claim of before."""
    yield difference
    for name in difference.ids:
        for one in labels(difference, name):
            difference.client.delete(f"{API}/candidates/{name}/labels/{one['id']}")
        difference.client.delete(f"{API}/candidates/{name}/votes")
    difference.client.delete(f"{API}/candidates/claims")


def labels(found: Found, name: str) -> list[dict[str, Any]]:
    """Return the labels of a candidate."""
    answer = found.client.get(f"{API}/candidates/{name}/labels").raise_for_status()
    listed: list[dict[str, Any]] = answer.json()["labels"]
    return listed


def given(found: Found, name: str) -> Any:
    """Return a reader of kind, name and person of each label of a candidate."""

    async def read() -> set[tuple[str, str, str]]:
        told = labels(found, name)
        return {(one["kind"], one["name"], one["person"]) for one in told}

    return read


def chips(of: Locator) -> Locator:
    """Return the labels that an element shows."""
    return of.locator("[part=labels] li")


async def test_the_page_of_objects_leads_to_the_object_of_a_candidate(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page = gate.page
    where = f'difference == "{found.ids[0].split(".")[0]}"'
    name = found.client.get(f"{API}/candidates/{found.ids[0]}").json()["object"]
    await page.goto(f"{gateway.url}/objects?where={quote(where)}")
    rows = page.locator("gw-candidates button[data-row]")
    await expect(rows).to_have_count(len(found.ids))
    await rows.first.click()
    await expect(page).to_have_url(f"{gateway.url}/objects/{name}")
    await expect(page.locator("gw-object")).to_contain_text(name)
    await page.get_by_role("link", name="Objects", exact=True).click()
    await expect(page).to_have_url(f"{gateway.url}/objects")
    await gate.check()


async def test_a_class_and_a_tag_are_given_by_keys_and_withdrawn_again(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page, name, gate.expected = gate.page, found.ids[0], ("422",)
    classes = found.client.get(f"{API}/classes").json()["classes"]
    await page.goto(gateway.url + found.path)
    await shows(page, name)
    element = page.locator("gw-scan gw-labels")
    # At once, before the labels of the candidate have been read.
    await page.keyboard.press("2")
    mine = ("class", classes[1], "demo")
    await until(given(found, name), lambda told: told == {mine})
    await expect(chips(element)).to_contain_text([f"{classes[1]}class by demo"])
    await page.keyboard.press("8")
    other = ("class", classes[7], "demo")
    await until(given(found, name), lambda told: told == {other})
    await page.keyboard.press("t")
    await page.keyboard.type("near its nucleus, r")  # no key of the scan
    await page.keyboard.press("Enter")
    await expect(element.get_by_role("alert")).to_contain_text("A tag has 1 to 40")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("near its nucleus")
    await page.keyboard.press("Enter")
    tag = ("tag", "near its nucleus", "demo")
    await until(given(found, name), lambda told: told == {other, tag})
    await expect(chips(element)).to_have_count(2)
    # The keys are the scan's again.
    await page.keyboard.press("8")
    await until(given(found, name), lambda told: told == {tag})
    await element.get_by_role("button", name="Withdraw my tag").click()
    await until(given(found, name), lambda told: not told)
    await expect(element).to_contain_text("Nobody has given a class or a tag.")
    assert found.votes(0) == {}
    await page.keyboard.press("t")
    await page.keyboard.press("Escape")
    await page.keyboard.press("s")
    await shows(page, found.ids[1])
    await gate.check()
    await gate.check_all_looks()


async def test_what_others_give_appears_at_once_and_is_not_one_s_own_to_withdraw(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page, name = gate.page, found.ids[0]
    sky_object = found.client.get(f"{API}/candidates/{name}").json()["object"]
    await page.goto(f"{gateway.url}/objects/{sky_object}")
    element = page.locator("gw-object gw-labels")
    await expect(element).to_contain_text("Nobody has given a class or a tag.")
    gateway.add_user("ada", "long enough to label")
    with gateway.client(gateway.token(user="ada")) as ada:
        url = f"{API}/candidates/{name}/labels"
        tag = ada.post(url, json={"tag": "host at z 0.03"}).raise_for_status().json()
        chip = chips(element).filter(has_text="host at z 0.03")
        await expect(chip).to_contain_text("tag by ada")
        await expect(chip.get_by_role("button")).to_have_count(0)
        await element.get_by_role("combobox", name="My class").select_option("SN Ia")
        await expect(chips(element).first).to_contain_text("class by demo")
        await element.get_by_role("textbox", name="Tag").fill("host at z 0.03")
        await element.get_by_role("button", name="Add").click()
        await expect(chip).to_contain_text("tag by ada, demo")
        await element.get_by_role("combobox", name="My class").select_option("")
        await expect(chips(element)).to_have_count(1)
        await gate.check_all_looks()
        ada.delete(f"{url}/{tag['id']}").raise_for_status()
        await expect(chip).to_contain_text("tag by demo")
    await chip.get_by_role("button", name="Withdraw my tag host at z 0.03").click()
    await expect(element).to_contain_text("Nobody has given a class or a tag.")
    await gate.check()


OBJECT = {
    "id": "o-1", "ra": 10.0, "dec": 20.0, "next": None,
    "candidates": [{
        "id": "d-1.1", "ra": 10.0, "dec": 20.0, "snr": 9.0, "time": None,
        "reason": None, "votes": {"real": 0, "bogus": 0, "unsure": 0},
    }],
}  # fmt: skip


def one_object() -> Canned:
    """Return a gateway with one object of the sky."""
    canned = Canned()
    canned.on("GET", "/objects/o-1", OBJECT)
    canned.on("GET", "/objects/o-1/changes", {"changes": [], "next": None})
    canned.on("GET", "/objects/o-1/lightcurve", {"points": [], "units_of": ""})
    canned.on("GET", "/images", {"images": [], "next": None})
    return canned


async def test_labels_that_cannot_be_read_say_why_and_are_read_again(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    failing = True

    def told(*_: Any) -> Any:
        if failing:
            return problem(503, "unavailable", "Unavailable", "Try again in a minute.")
        return 200, {"labels": [], "next": None}

    canned = one_object()
    canned.on("GET", "/objects/o-1/labels", told)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    page = gate.page
    await page.goto(f"{gateway.url}/objects/o-1")
    alert = page.locator("gw-labels").get_by_role("alert")
    await expect(alert).to_contain_text("Try again in a minute.")
    failing = False
    await alert.get_by_role("button", name="Try again").click()
    await expect(page.locator("gw-labels")).to_contain_text("Nobody has given")
    await expect(alert).to_have_count(0)


async def test_a_visitor_is_asked_to_sign_in_for_labels(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = one_object()
    canned.on("GET", "/session", VISITOR)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/objects/o-1")
    element = gate.page.locator("gw-labels")
    await expect(element).to_contain_text("Sign in to see classes and tags.")
    assert canned.count("/objects/o-1/labels") == 0
    await gate.check()
