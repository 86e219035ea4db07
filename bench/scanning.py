"""The next candidate while scanning: from the key to its three pictures on the screen.

Chromium scans the candidates of some differences of the demo. Printed are the median
and the largest time between a pressed key and the next candidate with all of its stamps
decoded: after a pause in which those behind it are read ahead, and as fast as keys can
be pressed.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.async_api import Page, async_playwright
from tests.support.gateway import RunningGateway, demo
from tests.support.needs import program

PAIRS = ((0, 3), (1, 3), (2, 4), (3, 0), (4, 1), (4, 5), (5, 3), (3, 2))
SECONDS = 120.0
PAUSE_MS = 1000
STEPS = 4
READY = """(old = []) => {
  const scan = document.querySelector("gw-scan");
  const images = [...(scan?.renderRoot?.querySelectorAll(".sight img") ?? [])];
  const shown = (one) => one.complete && one.naturalWidth && !old.includes(one.src);
  return images.length === 3 && images.every(shown);
}"""
NEXT = """async (key) => {
  const scan = document.querySelector("gw-scan");
  const before = scan.shown.id;
  const old = [...scan.renderRoot.querySelectorAll(".sight img")].map((one) => one.src);
  const began = performance.now();
  const press = new KeyboardEvent("keydown", { key, bubbles: true, composed: true });
  scan.renderRoot.querySelector(".scan").dispatchEvent(press);
  const ready = READY;
  while (scan.shown && (scan.shown.id === before || !ready(old))) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return scan.shown ? performance.now() - began : null;
}""".replace("READY", READY)


def subtract(gateway: RunningGateway) -> None:
    """Make some differences of the demo's images."""
    until = time.monotonic() + SECONDS
    with gateway.client(gateway.token()) as client:
        for night, other in PAIRS:
            sides = zip(("science", "reference"), (night, other), strict=True)
            body: dict[str, Any] = {
                side: [f"simulated-sky~sim-{number:02}-r~0"] for side, number in sides
            }
            made = client.post("/api/v1/differences", json=body).json()
            place = f"/api/v1/differences/{made['id']}"
            while client.get(place).json()["state"] == "working":
                assert time.monotonic() < until, "a difference takes too long"
                time.sleep(0.1)


async def steps(page: Page, pause: int) -> list[float]:
    """Press a key for some candidates; return the milliseconds until the next."""
    found: list[float] = []
    for _ in range(STEPS):
        await page.wait_for_timeout(pause)
        ms = await page.evaluate(NEXT, "s")
        if ms is None:
            break
        found.append(ms)
    return found


async def scan(gateway: RunningGateway) -> None:
    """Scan the demo's candidates, and print the times."""
    async with async_playwright() as playwright:
        path = str(program("chromium-headless-shell", "chromium-headless-shell"))
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )
        page = await browser.new_page()
        await page.goto(gateway.sign_in_url)
        await page.goto(f"{gateway.url}/scan")
        await page.wait_for_function(f"() => ({READY})()", timeout=1000 * SECONDS)
        for name, pause in (("after a pause", PAUSE_MS), ("at once", 0)):
            ms = await steps(page, pause)
            print(
                f"next candidate, {name}: median {median(ms):.0f} ms, "
                f"largest {max(ms):.0f} ms, of {len(ms)}",
                flush=True,
            )
        await browser.close()


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder) / "demo") as ours:
        subtract(ours)
        asyncio.run(scan(ours))


if __name__ == "__main__":
    main()
