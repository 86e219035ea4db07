"""The page on backends: its package is installed beside the gateway, and works."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.app import caller, client
from tests.support.jobs import SECONDS, job_services, until_ended
from tests.support.outside import blocks, install, run_tests

from gatewright.cli.main import main
from gatewright.core.config_file import ConfigurationError, load_config, parse_config
from gatewright.faces.api import build


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install(blocks("backends.md"), tmp_path / "site", monkeypatch)


def test_check_knows_what_is_installed(site: Path) -> None:
    with (site / "gatewright.toml").open("a") as file:
        file.write(f'[gateway]\nstate = "{site}"\n')
    done = CliRunner().invoke(main, ["check", str(site / "gatewright.toml")])
    assert done.exit_code == 0, done.output
    assert "3 systems: background, interactive, archive" in done.output
    printed = CliRunner().invoke(main, ["check", "--reference"]).output
    assert '### `scheduler = "gentle"`' in printed
    assert "| `niceness` | whole number | `10` |" in printed


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        (
            'scheduler = "slrm"',
            "There is no gatewright.schedulers plug-in “slrm”. Installed: gentle, pro",
        ),
        ("cors = 3", "line 3: systems[1].cors: there is no such setting"),
        ("niceness = 3", "line 3: systems[1].niceness: there is no such setting"),
        (
            'scheduler = "gentle"\nniceness = 99',
            "line 4: systems[1].niceness: ",
        ),
        (
            'filesystem = "scratch"',
            "line 1: systems[1].scratch: ",
        ),
        ("cores = 0", "line 3: systems[1].cores: "),
        ("queues = []", "line 3: systems[1].queues: "),
    ],
)
def test_mistakes_have_their_line(site: Path, wrong: str, mistake: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(mistake)):
        parse_config(f'[[systems]]\nname = "a"\n{wrong}\n')


async def test_several_systems_in_one_gateway(site: Path) -> None:
    settings = load_config(site / "gatewright.toml")
    home = site / "home"
    home.mkdir()
    state = settings.gateway.model_copy(update={"state": site / "state"})
    systems = [one.model_copy(update={"home": home}) for one in settings.systems]
    settings = settings.model_copy(update={"gateway": state, "systems": systems})
    async with (
        job_services(settings) as services,
        client(build(services), services, caller()) as ada,
    ):
        spec = {"script": "#!/bin/sh\nnice\necho $GATEWRIGHT_SYSTEM"}
        ours = os.nice(0)
        for system, niceness in (
            ("background", min(19, ours + 15)),
            ("interactive", ours),
        ):
            made = (await ada.post(f"/jobs/{system}", json=spec)).json()
            job = await until_ended(ada, made["id"], SECONDS, system)
            assert job["state"] == "completed", job
            written = await ada.get(f"/jobs/{system}/{job['id']}/output")
            assert written.text == f"{niceness}\n{system}\n"
            other = {"background": "interactive", "interactive": "background"}[system]
            assert (await ada.get(f"/jobs/{other}/{job['id']}")).status_code == 404
        queue = (await ada.get("/queue/interactive")).json()["resources"]
        assert (queue["cores"], queue["queues"]) == (1, ["short", "long"])
        short = {**spec, "attributes": {"queue_name": "short"}}
        assert (await ada.post("/jobs/interactive", json=short)).status_code == 201
        assert (await ada.post("/jobs/background", json=short)).status_code == 422
        big = {**spec, "resources": {"cpu_cores_per_process": 2}}
        assert (await ada.post("/jobs/interactive", json=big)).status_code == 422
        assert (await ada.post("/jobs/archive", json=spec)).status_code == 404
        assert (await ada.get("/jobs/local")).status_code == 404
        await ada.put("/files/background/note.txt", content=b"x")
        assert (site / "scratch" / "background" / "note.txt").read_bytes() == b"x"
        assert (await ada.get("/files/archive/note.txt")).status_code == 404
        ran = await ada.post("/command/background", json={"command": ["ls"]})
        assert ran.json()["stdout"] == "note.txt\n"


@pytest.mark.timeout(360)
def test_the_page_s_own_tests_pass(site: Path) -> None:
    chosen = "TestFiles and whole or exit_codes"
    assert " passed" in run_tests(site, "test_gatewright_gentle.py", "-k", chosen)
