"""What every page must hold: no violation of any kind, in every look."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request, ViewportSize

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
"""Rules whose outcome the colours decide; the others hold in one scheme as in all."""
WIDTHS = {1280: 1600, 360: 2400}
"""Least heights by width."""
_TALLEST = 10_000
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

_REPORT = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
FRAMES = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""
_AXE = """async (runOnly) => {
  const found = await axe.run(document, {runOnly, resultTypes: ["violations"]});
  return found.violations.map((one) => [one.id, one.nodes.map((node) =>
    `${node.target.flat().join(" > ")}: ${node.failureSummary}`)]);
}"""

Rules = dict[str, object]
_ALL: Rules = {"type": "tag", "values": RULES}
_COLOURS: Rules = {"type": "rule", "values": COLOUR_RULES}


@dataclass
class Gate:
    """Watches one page from its beginning."""

    page: Page
    axe: Path
    console: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of console messages that belong to the test, such as a wanted 404."""

    async def watch(self) -> None:
        """Begin to listen; call it before the first page is opened."""
        await self.page.add_init_script(_REPORT)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.console.append(f"thrown: {error}"))
        self.page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        told = any(part in message.text for part in self.expected)
        if message.type in {"error", "warning"} and not told:
            self.console.append(f"{message.type}: {message.text}")

    def _see(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1":
            self.abroad.append(request.url)

    async def check(self) -> None:
        """Fail if anything was said, blocked or asked of another host so far."""
        blocked = await self.page.evaluate("() => window.violations")
        found = [*blocked, *self.console, *self.abroad]
        assert not found, found

    async def check_all_looks(self) -> None:
        """Check the page light and dark, wide and narrow, and in forced colours."""
        for width in WIDTHS:
            await self._fit(width)
            for scheme in SCHEMES:
                # Without motion: a colour that is half-way to another is no fault.
                await self.page.emulate_media(
                    color_scheme=scheme, reduced_motion="reduce"
                )
                rules = _ALL if scheme == "light" else _COLOURS
                await self._check_look(f"{scheme} at {width}", rules)
        await self.page.emulate_media(forced_colors="active")
        await self._check_look("forced colours", _COLOURS)
        await self.page.emulate_media(forced_colors="none", color_scheme="light")
        await self.check()

    async def _fit(self, width: int) -> None:
        """Make the window as tall as the page, so that the bottom bar covers nothing.

        What it covers in part is too small a target, and how long a page is depends on
        what other tests have left in its lists.
        """
        size = ViewportSize(width=width, height=WIDTHS[width])
        await self.page.set_viewport_size(size)
        await self.page.evaluate(FRAMES)
        needed = await self.page.evaluate("() => document.body.scrollHeight + 100")
        if needed > size["height"]:
            taller = ViewportSize(width=width, height=min(needed, _TALLEST))
            await self.page.set_viewport_size(taller)

    async def _check_look(self, look: str, rules: Rules) -> None:
        # What hears of another look or size has drawn itself anew after two frames.
        await self.page.evaluate(FRAMES)
        violations = await self.violations(rules)
        assert not violations, f"{look}: {violations}"
        too_wide = await self.page.evaluate(
            "() => document.documentElement.scrollWidth - innerWidth"
        )
        assert too_wide <= 0, f"{look}: the page is {too_wide} px wider than the window"

    async def violations(self, rules: Rules) -> list[Any]:
        """Return what axe finds wrong."""
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(self.axe.read_text(encoding="utf-8"))
        found: list[Any] = await self.page.evaluate(_AXE, rules)
        return found
