"""A gateway's answers, given by hand: for states that are hard to bring about."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Request, Route
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
Maker = Callable[[Request, dict[str, str]], Answer]

OWNER = {
    "user": "demo",
    "role": "owner",
    "scopes": [
        "files:read", "files:write", "jobs:read", "jobs:submit", "jobs:cancel", "exec",
        "store", "data:read", "sky:read", "sky:vote", "sky:train",
        "account:read", "account:manage", "admin",
    ],
    "expires_at": "2026-11-29T08:00:00.000Z",
}  # fmt: skip
VISITOR = {
    "user": None,
    "role": None,
    "scopes": ["data:read", "sky:read"],
    "expires_at": None,
}

NO_LABELS: dict[str, Any] = {"labels": [], "next": None}
NEVER: Answer = (0, b"")
"""No answer: a stream that is never open."""


def problem(status: int, code: str, title: str, detail: str) -> Answer:
    """Return a problem document as the gateway writes it."""
    body = {
        "type": f"about:blank#{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": "01j9zq4m8w",
    }
    return status, body, {"Content-Type": "application/problem+json"}


class Canned:
    """Answers requests below ``/api/v1`` by method and path pattern."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self._makers: list[tuple[str, re.Pattern[str], Maker]] = []
        self.on("GET", "/session", OWNER)
        self.on("GET", "/sign-in", {"providers": []})
        self.on("GET", "/(jobs|files)", {"systems": [{"name": "local"}]})
        self.on("GET", "/status/incidents", {"incidents": [], "next": None})
        self.on("GET", "/filters", {"filters": [], "next": None})
        self.on("GET", "/classes", {"classes": ["SN Ia", "AGN"], "next": None})
        self.on("GET", "/(objects|candidates)/[^/]+/labels", NO_LABELS)
        self.on("GET", "/events", lambda *_: NEVER)

    def on(
        self, method: str, path: str, answer: Any, headers: dict[str, str] | None = None
    ) -> None:
        """Answer so from now on; ``answer`` is a JSON value, bytes or a function."""
        maker = answer if callable(answer) else lambda *_: (200, answer, headers or {})
        pattern = re.compile(rf"/api/v1{path}")
        self._makers.insert(0, (method, pattern, maker))

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(1 for _, asked, _ in self.asked if asked == f"/api/v1{path}")

    async def __call__(self, route: Route, request: Request) -> None:
        parts = urlsplit(request.url)
        self.asked.append((request.method, parts.path, request.post_data))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for method, pattern, maker in self._makers:
            if method == request.method and pattern.fullmatch(parts.path):
                status, body, *rest = maker(request, query)
                if (status, body) != NEVER:
                    await _fulfill(route, status, body, rest[0] if rest else {})
                return
        answer = problem(404, "not-found", "Not found", f"No {parts.path} here.")
        await _fulfill(route, answer[0], answer[1], answer[2])  # type: ignore[misc]


async def _fulfill(
    route: Route, status: int, body: Any, headers: dict[str, str]
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", **headers}
    await route.fulfill(status=status, body=raw, headers=fields)


async def canned_gate(open_page: OpenPage, canned: Canned) -> Gate:
    """Open a watched page whose gateway is ``canned``."""
    gate = await open_page()
    await gate.page.route("**/api/v1/**", canned)
    return gate
