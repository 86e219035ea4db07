"""Libraries of pictures and files are imported by the readers, and nowhere else."""

import os
import subprocess
import sys

PROBE = """
import os, sys
before = dict(os.environ)
import gatewright.backends.gridded.program
assert dict(os.environ) == before
from matplotlib import font_manager, get_data_path
outside = [f.fname for f in font_manager.fontManager.ttflist
           if not f.fname.startswith(get_data_path())]
assert not outside, outside
assert "matplotlib.backends.backend_agg" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    elsewhere = {"MPLCONFIGDIR": "/nonexistent", "MPLBACKEND": "nothing"}
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_brings_matplotlib_with_its_own_fonts_only() -> None:
    """Whoever forks the readers has imported it: a picture waits for no import."""
    done = run("-c", PROBE)
    assert not done.returncode, done.stderr


def test_the_gateway_itself_imports_no_library_of_pictures_or_files() -> None:
    """Readers do; each process of the gateway would start half a second later."""
    names = "gatewright.app", "gatewright.composition", "gatewright.backends.plugin"
    imports = "; ".join(f"import {name}" for name in names)
    libraries = {"astropy", "h5netcdf", "h5py", "matplotlib", "scipy"}
    done = run(
        "-c", f"{imports}; import sys; assert not {libraries} & set(sys.modules)"
    )
    assert not done.returncode, done.stderr
