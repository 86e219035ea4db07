"""The benchmarks run, at a small size; their figures are for people to judge."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def bench(name: str, **settings: str) -> str:
    """Run a benchmark and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", name],
        cwd=ROOT,
        env=os.environ | {f"GATEWRIGHT_BENCH_{k}": v for k, v in settings.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("coadd", {"SIDE": "256", "FRAMES": "2"}, "coadd, ours: largest memory "),
        ("cutout", {"SIDE": "256"}, "fits 32 (CPU): ours "),
        ("download", {"BYTES": "3000000", "ROUNDS": "1"}, "server CPU per GB: ours "),
        ("file_calls", {"CALLS": "2", "ROUNDS": "1"}, "head: ours is "),
        ("injections", {"SIDE": "320", "FRAMES": "1"}, "ours: found "),
        ("jobs", {"ELEMENTS": "5", "ROUNDS": "1"}, "CPU time of the gateway: "),
        ("large_folder", {"FILES": "1000", "ROUNDS": "1"}, "first page: ours is "),
        ("many_workers", {"PEOPLE": "2"}, "2 workers: "),
        ("subtraction", {"SIDE": "320"}, "pull of the fluxes: "),
        ("warp", {"SIDE": "192", "ROUNDS": "1"}, "TPV, ours: positions within "),
        ("queue", {"JOBS": "40", "SECONDS": "0.2"}, "peer: a page by squeue itself: "),
    ],
)
def test_a_benchmark_runs(name: str, settings: dict[str, str], told: str) -> None:
    assert told in bench(name, **settings)
