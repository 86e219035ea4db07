"""What is shipped for systemd and PAM."""

import subprocess
from pathlib import Path

import pytest
from tests.support import needs

from gatewright.core.config import BrokerSettings

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"


@pytest.mark.parametrize(
    "name", ["gatewright", "gatewright-authn", "gatewright-broker"]
)
def test_systemd_finds_no_fault_in_a_unit(tmp_path: Path, name: str) -> None:
    analyze = needs.program("systemd-analyze", "systemd")
    for unit in (PACKAGING / "systemd").iterdir():
        text = unit.read_text(encoding="utf-8")
        assert text.count("/opt/gatewright/bin/gatewright ") == 1
        text = text.replace("/opt/gatewright/bin/gatewright ", "/bin/true ")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", tmp_path / f"{name}.service"],
        capture_output=True, text=True, check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_of_pam_is_the_one_that_is_asked_for() -> None:
    settings = BrokerSettings()
    assert (PACKAGING / "pam.d" / settings.pam_service).is_file()
