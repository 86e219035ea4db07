"""The commands that scripts rely on: what they print, and how they end."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.gateway import RunningGateway, command, command_here, running
from tests.support.workers import wait_until


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a configuration with two processes, an owner and a guest."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "home").mkdir()
    config = folder / "gatewright.toml"
    config.write_text(
        '[gateway]\ntitle = "Ours"\nlisten = "127.0.0.1:0"\nstate = "state"\n'
        'processes = 2\nfaces = ["api", "newt"]\n[identity]\nowner = "ada"\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
    )
    for name, role in (("ada", "owner"), ("bob", "guest")):
        command_here(
            "user", "add", "--config", str(config), name, "--password-stdin",
            *(["--role", role] if role == "owner" else []), stdin="a long password",
        )  # fmt: skip
    return config


def test_serve_answers_from_all_processes_and_stops_cleanly(served: Path) -> None:
    arguments = ["serve", "--config", str(served)]
    with running(arguments, served.parent / "state") as gateway:
        check_accounts(gateway, served)
        assert gateway.stop() == 0


def check_accounts(gateway: RunningGateway, config: Path) -> None:
    options = ("--config", str(config), "--user")
    owner = command("token", "create", *options, "ada").strip()
    guest = command("token", "create", *options, "bob", "--expires", "7d").strip()
    narrow = command(
        "token", "create", *options, "ada", "--scope", "files:read"
    ).strip()
    assert all(token.startswith("gw_") for token in (owner, guest, narrow))
    statuses = {
        (name, path): status(gateway.url, token, path)
        for name, token in (("owner", owner), ("guest", guest), ("narrow", narrow))
        for path in ("files/local/", "jobs/local", "store")
    }
    assert statuses == {
        ("owner", "files/local/"): 200,
        ("owner", "jobs/local"): 200,
        ("owner", "store"): 200,
        ("guest", "files/local/"): 403,
        ("guest", "jobs/local"): 403,
        ("guest", "store"): 200,
        ("narrow", "files/local/"): 200,
        ("narrow", "jobs/local"): 403,
        ("narrow", "store"): 403,
    }
    assert get(gateway.url, "/api/v1/").json()["title"] == "Ours"
    up = [{"system": "local", "status": "up"}]
    # A part that has not answered within two seconds is down, and a while later up.
    wait_until(lambda: systems(gateway.url) == up, 60)
    assert get(gateway.url, "/api/v1/status/other").status_code == 404
    wait_until(lambda: get(gateway.url, "/health/ready").status_code == 200, 60)


def status(url: str, token: str, path: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return get(url, f"/api/v1/{path}", headers=headers).status_code


def systems(url: str) -> Any:
    return get(url, "/api/v1/status").json()["systems"]


def get(url: str, path: str, **more: Any) -> httpx.Response:
    return httpx.get(f"{url}{path}", timeout=60, **more)


def test_a_wrong_configuration_is_named_and_nothing_starts(tmp_path: Path) -> None:
    config = tmp_path / "gatewright.toml"
    config.write_text("[gateway]\nprocesses = 0\n")
    with pytest.raises(AssertionError, match=r"line 2: gateway\.processes"):
        command("serve", "--config", str(config))


def test_a_command_needs_to_know_which_gateway() -> None:
    with pytest.raises(AssertionError, match="--config FILE and --state DIR"):
        command("token", "create", "--user", "ada")
