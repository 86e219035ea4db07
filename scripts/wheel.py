"""Builds the wheel and the files that accompany it, for ``make wheel``.

The folder in the argument (``dist`` by default) then has ``NAME.whl``;
``gatewright-VERSION-requirements.txt``, all dependencies with their hashes for ``pip
install --require-hashes``; and ``gatewright-VERSION.cdx.json``, a CycloneDX 1.6 bill of
materials of all packages that a gateway runs or that are bundled into its pages, each
with its locked version.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKED = ROOT / "requirements" / "run.txt"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_WHEEL = re.compile(r"(gatewright)-([^-]+)-.*\.whl")


def main() -> None:
    """Build all three files in the folder that the argument names."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dist").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("gatewright-*"):
        old.unlink()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True)
    [wheel] = folder.glob("gatewright-*.whl")
    print(beside(wheel))


def beside(wheel: Path) -> Path:
    """Write the accompanying files beside a wheel; return the path of the bill."""
    name = "-".join(parts_of(wheel))
    shutil.copy(LOCKED, wheel.with_name(f"{name}-requirements.txt"))
    bill = wheel.with_name(f"{name}.cdx.json")
    text = json.dumps(bill_of_materials(wheel), indent=1, sort_keys=True)
    bill.write_text(text + "\n", encoding="utf-8")
    return bill


def parts_of(wheel: Path) -> tuple[str, str]:
    """Return the project and the version in a wheel's file name."""
    match = _WHEEL.fullmatch(wheel.name)
    if match is None:
        raise SystemExit(f"{wheel.name} is no wheel of Gatewright.")
    return match[1], match[2]


def bill_of_materials(wheel: Path) -> dict[str, Any]:
    """Return a wheel's bill of materials as CycloneDX JSON; equal for equal wheels."""
    project, version = parts_of(wheel)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    own = f"pkg:pypi/{project}@{version}"
    components = [*python_packages(), *bundled_packages()]
    references = sorted(component["bom-ref"] for component in components)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"{own}#{digest}").urn,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project,
                "version": version,
                "purl": own,
                "licenses": [{"license": {"id": "BSD-3-Clause"}}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": references}],
    }


def python_packages() -> Iterator[dict[str, Any]]:
    """Yield the Python packages that are installed with the wheel.

    If Python versions need different versions of a package, each is included. The
    hashes are in the requirements file, since the registry has several files for each
    version.
    """
    for name, version in _REQUIREMENT.findall(LOCKED.read_text(encoding="utf-8")):
        purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
        }


def bundled_packages() -> Iterator[dict[str, Any]]:
    """Yield the npm packages whose code is bundled into the wheel's pages."""
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in locked["packages"].items():
        # Development tools and the bundler's binaries are not shipped.
        if not path or package.get("dev") or package.get("optional"):
            continue
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        algorithm, _, digest = package["integrity"].partition("-")
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": package["version"],
            "purl": purl,
            "licenses": [{"expression": package["license"]}],
            "hashes": [
                {
                    "alg": algorithm.upper().replace("SHA", "SHA-"),
                    "content": base64.b64decode(digest).hex(),
                }
            ],
        }


if __name__ == "__main__":
    main()
