"""The page ``docs/how-to/slurm.md``: its commands are run as they stand."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.conftest import Cluster
from tests.docs.blocks import blocks_of
from tests.support.gateway import SOURCE, running

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "slurm.md"


def test_the_page_leads_to_a_job(cluster: Cluster, tmp_path: Path) -> None:
    blocks = blocks_of(PAGE)
    (settings,) = (one.text for one in blocks if one.language == "toml")
    start, serve, use = (one.text for one in blocks if one.language == "sh")
    # The cluster of the tests stands for the one that the page makes.
    assert start.split() == ["scripts/slurm-testbed.sh", "start", "/tmp/slurm"]
    file = tmp_path / "gatewright.toml"
    text = settings.replace('"slurm.conf"', f'"{cluster.conf}"')
    file.write_text(text.replace(":8000", ":0"), encoding="utf-8")
    (tmp_path / "home").mkdir()
    *first, last = serve.strip().splitlines()
    command = f"{sys.executable} -m gatewright "
    assert last == "gatewright serve --config gatewright.toml"
    with running(["serve", "--config", str(file)], tmp_path / "state") as gateway:
        printed = [
            shell(line.replace("gatewright ", command, 1), tmp_path) for line in first
        ]
        token = printed[-1].strip()
        told = shell(use, tmp_path, URL=gateway.url, TOKEN=token)
    assert '"state":"completed"' in told
    assert '"name":"batch"' in told
    assert len((tmp_path / "home" / "job-1.out").read_text().split()) == 1


def shell(text: str, folder: Path, **more: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], check=False, capture_output=True,
        text=True, cwd=folder, env={**os.environ, "PYTHONPATH": str(SOURCE), **more},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
