"""A client that a public generator makes from the OpenAPI document, at work."""

import io
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("laptop")

CONFIG = {
    "content_type_overrides": {
        "application/fits": "application/octet-stream",
        "application/x-netcdf": "application/octet-stream",
        "application/x-tar": "application/octet-stream",
        "image/png": "application/octet-stream",
    }
}
"""What docs/how-to/python.md gives the generator: it knows few media types."""
NAME = "generated_gateway"


class Generated:
    """The operations of the generated client, for one gateway and token."""

    def __init__(self, url: str, token: str) -> None:
        kind = import_module(f"{NAME}.client").AuthenticatedClient
        self._client = kind(base_url=f"{url}/api/v1", token=token, timeout=60)
        self.models: Any = import_module(f"{NAME}.models")
        self.file: Any = import_module(f"{NAME}.types").File

    def close(self) -> None:
        """Close the connections."""
        self._client.get_httpx_client().close()

    def __call__(self, operation: str, **fields: Any) -> Any:
        """Return the answer of an operation, such as ``jobs.submit_job``."""
        made: Any = import_module(f"{NAME}.api.{operation}")
        return made.sync_detailed(client=self._client, **fields)


@pytest.fixture(scope="module")
def folder(laptop: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client, and ``warnings`` that the generator gave."""
    made = tmp_path_factory.mktemp("client")
    with laptop.client() as visitor:
        document = visitor.get("/api/v1/openapi.json").text
    (made / "openapi.json").write_text(document)
    (made / "config.json").write_text(json.dumps(CONFIG))
    scripts = sysconfig.get_path("scripts")  # it formats what it makes with ruff
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    argv = [
        *(sys.executable, "-m", "openapi_python_client", "generate"),
        *("--path", "openapi.json", "--config", "config.json"),
        *("--output-path", NAME, "--meta", "none"),
    ]
    done = subprocess.run(
        argv,
        cwd=made,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    (made / "warnings").write_text(said)
    return made


@pytest.fixture
def generated(
    folder: Path, laptop: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Generated]:
    monkeypatch.syspath_prepend(str(folder))
    client = Generated(laptop.url, laptop.token())
    yield client
    client.close()


def test_every_operation_and_answer_is_in_it(folder: Path) -> None:
    document = json.loads((folder / "openapi.json").read_text())
    operations = [one for path in document["paths"].values() for one in path]
    made = list((folder / NAME / "api").glob("*/*.py"))
    assert len([one for one in made if one.stem != "__init__"]) == len(operations)
    lines = (folder / "warnings").read_text().splitlines()
    faults = {line for line in lines if "nsupported" in line or "annot" in line}
    # A script can be sent as a member of a specification as well.
    assert faults == {"Unsupported content type text/x-shellscript"}
    assert sum(line.startswith("WARNING") for line in lines) == 1


def test_it_uploads_lists_submits_and_reads(generated: Generated) -> None:
    models = generated.models
    assert generated("identity.get_session").parsed.user == "demo"
    folder = {"system": "local", "path": "generated"}
    mkdir = models.FileOperation(op=models.FileOperationOp.MKDIR)
    assert generated("files.change_file", **folder, body=mkdir).parsed.path
    file = {"system": "local", "path": "generated/one.bin"}
    content = bytes(range(256)) + b"\r\n\xff"
    sent = generated.file(payload=io.BytesIO(content))
    written = generated("files.write_file", **file, body=sent).parsed
    assert (written.size, written.name) == (len(content), "one.bin")
    assert generated("files.read_file", **file).parsed.payload.read() == content
    listed = json.loads(generated("files.read_file", **folder).content)
    assert [entry["name"] for entry in listed["entries"]] == ["one.bin"]

    spec = models.JobSpecBody(
        script="#!/bin/sh\nwc -c <generated/one.bin\n", name="generated"
    )
    job = generated("jobs.submit_job", system="local", body=spec).parsed
    assert job.spec["script"] == spec.script
    where = {"system": "local", "job_id": job.id}
    while job.ended_at is None:
        job = generated("jobs.get_job", **where, wait=30.0).parsed
    assert job.state is models.JobState.COMPLETED
    assert int(generated("jobs.read_job_output", **where).parsed) == len(content)

    large = models.ResourcesBody(cpu_cores_per_process=100_000)
    several = models.JobListBody(
        jobs=[spec, models.JobSpecBody(executable="true", resources=large)]
    )
    taken, refused = generated(
        "jobs.submit_jobs", system="local", body=several
    ).parsed.jobs
    assert (refused.job, refused.problem.status) == (None, 422)
    assert "100000 cores" in refused.problem.detail
    jobs = generated("jobs.list_jobs", system="local", name="generated").parsed.jobs
    assert [one.id for one in jobs] == [taken.job.id, job.id]
    assert generated("jobs.get_queue", system="local").parsed.resources.cores > 0


def test_it_knows_errors(generated: Generated) -> None:
    answer = generated("jobs.get_job", system="local", job_id="999999")
    assert isinstance(answer.parsed, generated.models.Problem)
    assert (answer.status_code, answer.parsed.code) == (404, "not-found")
    wrong = generated("jobs.list_jobs", system="local", limit=0)
    assert wrong.parsed.faults[0].where.endswith("limit")


def test_it_reads_archives(generated: Generated) -> None:
    found = generated("sky.search_images", survey="simulated-sky", limit=1).parsed
    image = generated("sky.download_image", image=found.images[0].id).parsed
    assert image.payload.read(6) == b"SIMPLE"
    names = [one.id for one in generated("data.list_datasets").parsed.datasets]
    detail = generated("data.get_dataset", dataset=names[0]).parsed
    assert detail.id == names[0]
