"""Changed settings are used at SIGHUP, and settings that do not work are not."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.gateway import RunningGateway, running
from tests.support.workers import wait_until

pytestmark = pytest.mark.timeout(600)  # each starts several processes, one by one
SETTINGS = (
    '[gateway]\ntitle = "Ours"\nlisten = "127.0.0.1:0"\nstate = "state"\n'
    'processes = 2\nfaces = ["api"]\n'
)
PICTURES = '[[surveys]]\nid = "night"\nimages = "night/*.fits"\n'


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a configuration file of a gateway with two processes."""
    path = tmp_path_factory.mktemp("reload") / "gatewright.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def gateway(hangups: None, file: Path) -> Iterator[RunningGateway]:
    arguments = ["serve", "--config", str(file)]
    with running(arguments, file.parent / "state") as gateway:
        yield gateway


def titles(gateway: RunningGateway, number: int = 20) -> set[str]:
    """Return the titles that requests by connections of their own are answered with."""
    asked = [httpx.get(f"{gateway.url}/api/v1/", timeout=60) for _ in range(number)]
    return {answer.json()["title"] for answer in asked}


def test_new_settings_are_used_and_no_request_is_refused(
    gateway: RunningGateway, file: Path
) -> None:
    assert titles(gateway) == {"Ours"}
    failures: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                titles(gateway, 1)
            except Exception as error:  # noqa: BLE001  # whatever a client sees
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        file.write_text(SETTINGS.replace("Ours", "Theirs"))
        gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: titles(gateway) == {"Theirs"}, 180)
    finally:
        done.set()
        asking.join()
    assert not failures


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SETTINGS.replace("title", "titel"), "line 2: gateway.titel: there is no such"),
        (
            SETTINGS.replace('"state"', '"other"'),
            "Restart the gateway to change state of [gateway].",
        ),
        (
            SETTINGS.replace("processes = 2", "processes = 1"),
            "Restart the gateway to change processes of [gateway].",
        ),
        (
            SETTINGS.replace(":0", ":1"),
            "Restart the gateway to change listen of [gateway].",
        ),
        (
            SETTINGS + '[identity]\nmode = "multi-user"\n',
            "Restart the gateway to change mode of [identity].",
        ),
        (
            SETTINGS + PICTURES + 'kinds = { "*" = "wieght" }\n',
            "The gateway does not start with the new settings.",
        ),
    ],
)
def test_settings_that_do_not_work_change_nothing(
    gateway: RunningGateway, file: Path, text: str, said: str
) -> None:
    before = titles(gateway)
    file.write_text(text)
    gateway.process.send_signal(signal.SIGHUP)
    wait_until(lambda: said in gateway.log.read_text(), 180)
    assert titles(gateway) == before


def test_every_line_of_the_log_is_json(gateway: RunningGateway) -> None:
    """Those of the supervisor were plain text among the others."""
    for line in gateway.log.read_text().splitlines():
        assert {"at", "level", "logger"} <= set(json.loads(line))
