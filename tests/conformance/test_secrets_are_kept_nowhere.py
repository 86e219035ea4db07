"""Passwords, tokens and sessions are in no file and no log of the gateway.

A person signs in and works in every way that sends a secret, also where a secret does
not belong, such as in a URL. Then all bytes that the gateway has written are searched.
"""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from tests.support.gateway import RunningGateway, command_here, running

OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "gatewright"}
CONFIGURATION = """
[gateway]
listen = "127.0.0.1:0"
state = "state"
[identity]
owner = "olga"
[[systems]]
name = "local"
home = "home"
root = "home"
"""


@dataclass
class Told:
    """A gateway that was told secrets, and those secrets by what they are."""

    gateway: RunningGateway
    settings: Path
    secrets: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: str = "") -> str:
        asked = (*arguments[:2], "--config", str(self.settings), *arguments[2:])
        return command_here(*asked, stdin=stdin).strip()

    def token(self, name: str) -> str:
        """Return a new token, whose secret part is to be found nowhere."""
        token = self.run("token", "create", "--user", "olga")
        self.secrets[name] = token.split(".")[1]
        return token

    def page(self) -> httpx.Client:
        return httpx.Client(base_url=self.gateway.url, headers=OWN_PAGE, timeout=60)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    (tmp_path / "home").mkdir()
    settings = tmp_path / "gatewright.toml"
    settings.write_text(CONFIGURATION)
    arguments = ["serve", "--config", str(settings)]
    with running(arguments, tmp_path / "state") as gateway:
        told = Told(gateway, settings)
        told.secrets["password"] = secrets.token_urlsafe(16)
        told.run(
            "user", "password", "olga", "--password-stdin",
            stdin=told.secrets["password"],
        )  # fmt: skip
        yield told


def test_no_secret_is_in_what_the_gateway_wrote(told: Told) -> None:
    sign_in_and_out(told)
    guess(told)
    send_tokens_where_they_do_not_belong(told)
    let_a_job_have_a_token(told)
    with told.gateway.client(told.token("token")) as client:
        # The control: what is kept in plain text is found by the same search.
        kept = client.put("/api/v1/store/notes/one", json={"text": "found-by-search"})
        assert kept.status_code == 201, kept.text
        client.get("/api/v1/nothing-is-here")
    written = all_bytes_below(told.settings.parent)
    told.gateway.stop()
    written |= all_bytes_below(told.settings.parent)
    assert where(written, "found-by-search"), "the search itself finds nothing"
    assert len(told.secrets) == 12
    found = {name: where(written, secret) for name, secret in told.secrets.items()}
    assert {name: files for name, files in found.items() if files} == {}


def sign_in_and_out(told: Told) -> None:
    account = {"user": "olga", "password": told.secrets["password"]}
    with told.page() as page:
        answer = page.post("/api/v1/session", json=account)
        assert answer.status_code == 201, answer.text
        told.secrets["session"] = next(iter(page.cookies.values()))
        assert page.get("/api/v1/session").status_code == 200
        made = page.post("/api/v1/tokens", json={"label": "by the page"})
        assert made.status_code == 201, made.text
        told.secrets["token of the page"] = made.json()["token"].split(".")[1]
        assert page.delete("/api/v1/session").status_code in {200, 204}
    with told.page() as page:
        form = {"username": "olga", "password": told.secrets["password"]}
        answer = page.post("/newt/auth", data=form)
        assert answer.json()["auth"] is True
        told.secrets["session of NEWT"] = next(iter(page.cookies.values()))


def guess(told: Told) -> None:
    told.secrets["wrong password"] = secrets.token_urlsafe(16)
    with told.page() as page:
        account = {"user": "olga", "password": told.secrets["wrong password"]}
        assert page.post("/api/v1/session", json=account).status_code == 401
    token = told.run("token", "create", "--user", "olga")
    told.secrets["wrong token"] = secrets.token_urlsafe(32)
    wrong = token.split(".")[0] + "." + told.secrets["wrong token"]
    with told.gateway.client(wrong) as client:
        answer = client.get("/api/v1/jobs/local")
    assert answer.status_code == 401
    assert told.secrets["wrong token"] not in answer.text + str(answer.headers)


def send_tokens_where_they_do_not_belong(told: Told) -> None:
    token = told.token("token in a URL")
    with told.gateway.client() as client:
        for query in ({"access_token": token}, {"token": token}, {token: ""}):
            answer = client.get("/api/v1/jobs/local", params=query)
            assert answer.status_code == 422  # such parameters are unknown
            assert "location" not in answer.headers
            page = client.get("/jobs", params=query, follow_redirects=False)
            assert token not in page.text
    revoked = told.token("token in a path")
    with told.gateway.client(revoked) as client:
        answer = client.delete(f"/api/v1/tokens/{revoked}")
        assert answer.status_code in {204, 404, 422}, answer.text
    with told.gateway.client() as client:
        basic = httpx.BasicAuth("olga", told.token("token as a password"))
        assert client.get("/api/v1/session", auth=basic).status_code == 200


def let_a_job_have_a_token(told: Told) -> None:
    """The job's own file has its token, and goes with it."""
    spec = {
        "script": "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.1; done\n",
        "token": {"scopes": ["store"]},
    }
    folder = told.settings.parent / "home" / ".gatewright" / "tokens"
    with told.gateway.client(told.token("token of a submitter")) as client:
        made = client.post("/api/v1/jobs/local", json=spec)
        assert made.status_code == 201, made.text
        [file] = folder.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        told.secrets["token of a job"] = file.read_text().strip().split(".")[1]
        (told.settings.parent / "home" / "go").touch()
        deadline = time.monotonic() + 120
        while file.exists():
            assert time.monotonic() < deadline, "the file outlives the job"
            time.sleep(0.1)


def all_bytes_below(folder: Path) -> dict[Path, bytes]:
    """Return the content of every file: databases, their logs, records, the log."""
    found = {}
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            with suppress(FileNotFoundError):  # a file in the making
                if path.is_file():
                    found[path] = path.read_bytes()
    return found


def where(written: dict[Path, bytes], text: str) -> list[str]:
    """Return the names of the files that contain a text, as it is or escaped."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode(), text.encode("utf-16-le")}
    return sorted(
        path.name
        for path, content in written.items()
        if any(form in content for form in forms)
    )
