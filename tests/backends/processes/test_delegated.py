"""Tokens of jobs of the embedded scheduler, through a whole gateway."""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from tests.support import needs
from tests.support.delegated import DelegatedTokenContract, Place, ended, until
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.go import WAIT_FOR_GO


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return configured(tmp_path_factory.mktemp("gateway"))


def configured(folder: Path) -> Path:
    """Write the configuration of a gateway, whose owner is olga, and return it."""
    (folder / "home").mkdir()
    path = folder / "gatewright.toml"
    path.write_text(
        f"""
[gateway]
listen = "127.0.0.1:0"
state = "{folder}/state"

[identity]
owner = "olga"

[[systems]]
name = "local"
home = "{folder}/home"
cores = 2
"""
    )
    return path


@pytest.fixture(scope="module")
def gateway(settings: Path) -> Iterator[RunningGateway]:
    needs.program("curl", "curl")
    with served(settings) as serving:
        yield serving


def served(settings: Path) -> AbstractContextManager[RunningGateway]:
    arguments = ["serve", "--config", str(settings)]
    return running(arguments, settings.parent / "state")


def token(settings: Path, *scopes: str) -> str:
    """Return a new token of the owner."""
    asked = [part for scope in scopes for part in ("--scope", scope)]
    made = ("token", "create", "--config", str(settings), "--user", "olga", *asked)
    return command_here(*made).strip()


@pytest.fixture
def place(gateway: RunningGateway, settings: Path) -> Iterator[Place]:
    folder = settings.parent
    with gateway.client(token(settings)) as client:
        place = Place(
            client, gateway.url, "local", os.getuid(), folder / "home",
            [folder], f"c{secrets.token_hex(4)}",
        )  # fmt: skip
        yield place
        place.clear()


class TestProcesses(DelegatedTokenContract):
    """All of the contract."""


def test_a_token_ends_with_the_one_that_submitted_its_job(
    place: Place, gateway: RunningGateway, settings: Path
) -> None:
    parent = token(settings, "jobs:submit", "store:notes")
    spec = {"script": WAIT_FOR_GO, "token": {"scopes": ["store:notes"]}}
    with gateway.client(parent) as client:
        wider = spec | {"token": {"scopes": ["store"]}}
        assert client.post(place.jobs, json=wider).status_code == 403
        later = {"scopes": ["store:notes"], "seconds": 604_800}
        answer = client.post(place.jobs, json=spec | {"token": later})
        assert answer.status_code == 201, answer.text
        place.client.delete(f"{place.jobs}/{answer.json()['id']}")
        file = place.token_file()
        until(lambda: not file.exists(), "the file is still there")
        answer = client.post(place.jobs, json=spec)
        assert answer.status_code == 201, answer.text
    text = place.token_file().read_text().strip()
    listed = command_here("token", "list", "--config", str(settings))
    (line,) = [
        one for one in listed.splitlines() if one.endswith("\tscript (of a job)")
    ]
    assert line.startswith(text[3:29])
    assert text[30:] not in listed
    assert place.status_of(text) in {200, 403, 404}
    key = parent.removeprefix("gw_").split(".")[0]
    assert place.client.delete(f"/api/v1/tokens/{key}").status_code == 204
    assert place.status_of(text) == 401
    place.client.delete(f"{place.jobs}/{answer.json()['id']}")
    place.until(answer.json()["id"], ended)


def test_a_token_ends_with_the_session_that_submitted_its_job(
    place: Place, gateway: RunningGateway, settings: Path
) -> None:
    password = secrets.token_urlsafe(16)
    command_here(
        "user", "password", "--config", str(settings), "olga", "--password-stdin",
        stdin=password,
    )  # fmt: skip
    page = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "test"}
    with httpx.Client(base_url=gateway.url, headers=page, timeout=60) as browser:
        answer = browser.post(
            "/api/v1/session", json={"user": "olga", "password": password}
        )
        assert answer.status_code == 201, answer.text
        spec = {"script": WAIT_FOR_GO, "token": {"scopes": ["store"]}}
        made = browser.post(place.jobs, json=spec)
        assert made.status_code == 201, made.text
        text = place.token_file().read_text().strip()
        assert place.status_of(text) in {200, 404}
        assert browser.delete("/api/v1/session").status_code in {200, 204}
    assert place.status_of(text) == 401
    place.client.delete(f"{place.jobs}/{made.json()['id']}")
    place.until(made.json()["id"], ended)


def test_a_token_of_a_job_that_ends_while_no_gateway_runs(tmp_path: Path) -> None:
    """It is ended by the next gateway, which learns of the job's end."""
    settings = configured(tmp_path)
    home = tmp_path / "home"

    @contextmanager
    def opened() -> Iterator[tuple[RunningGateway, Place]]:
        with served(settings) as gateway, gateway.client(token(settings)) as client:
            uid = os.getuid()
            yield gateway, Place(client, gateway.url, "local", uid, home, [], "c")

    with opened() as (gateway, place):
        place.submit(WAIT_FOR_GO + "touch over\n", token={"scopes": ["store"]})
        text = place.token_file().read_text().strip()
        until(lambda: list(home.glob("job-*.out")), "the job does not run")
        gateway.kill()
        (home / "go").touch()
        until((home / "over").exists, "the job did not go on")
    with opened() as (_, later):
        until(lambda: later.status_of(text) == 401, "it has not ended")
        assert (home / "over").exists()
        later.clear()
