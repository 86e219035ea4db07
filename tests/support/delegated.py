"""The contract of tokens of jobs, through the real app and a real scheduler."""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.go import WAIT_FOR_GO

SECONDS = 120.0
PUT = """
put() {{
  {{ printf 'Authorization: Bearer '; cat "$GATEWRIGHT_TOKEN_FILE"; }} |
    curl -s -o /dev/null -w '%{{http_code}}\\n' -H @- -X PUT -d '{{"by": "a job"}}' \\
      -H 'Content-Type: application/json' "{url}/api/v1/store/$1/one"
}}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A person's way to a system of a gateway."""

    client: httpx.Client
    """Client with the person's credentials."""
    url: str
    """Address of the gateway."""
    system: str
    """Name of the system."""
    uid: int
    """Unix account that the jobs run as."""
    home: Path
    """Home of the person."""
    written: Sequence[Path]
    """Folders and files that the gateway and the scheduler write."""
    collection: str
    """Collection of documents that nobody else uses."""

    @property
    def jobs(self) -> str:
        return f"/api/v1/jobs/{self.system}"

    def submit(self, script: str, **spec: Any) -> str:
        """Submit a script with functions to use the token; return the job's id."""
        head = "#!/bin/sh\n" + PUT.format(url=self.url)
        answer = self.client.post(self.jobs, json={"script": head + script, **spec})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def until(self, job: str, wanted: Callable[[dict[str, Any]], bool]) -> Any:
        """Return a job's record once it is as wanted."""

        def record() -> Any:
            answer = self.client.get(f"{self.jobs}/{job}")
            assert answer.status_code == 200, answer.text
            return answer.json() if wanted(answer.json()) else None

        return until(record, f"job {job}")

    def clear(self) -> None:
        """End the jobs of the person, and wait until they have no tokens any more."""
        states = ["new", "queued", "held", "active"]

        def is_clear() -> bool:
            self.client.delete(self.jobs, params={"state": states}).raise_for_status()
            tokens = self.client.get("/api/v1/tokens").json()["tokens"]
            folder = self.home / ".gatewright" / "tokens"
            return not any(t["delegated"] for t in tokens) and not list(
                folder.glob("*")
            )

        until(is_clear, "tokens are left")
        (self.home / "go").unlink(missing_ok=True)

    def token_file(self) -> Path:
        """Return the one file with a token of the person's jobs, once it is there."""
        folder = self.home / ".gatewright" / "tokens"
        return Path(until(lambda: next(folder.glob("*"), None), "no file of a token"))

    def status_of(self, text: str) -> int:
        """Return the status of a request with a token alone."""
        headers = {"Authorization": f"Bearer {text}"}
        address = f"{self.url}/api/v1/store/{self.collection}/one"
        return httpx.get(address, headers=headers, timeout=60).status_code


def until(find: Callable[[], Any], missing: str) -> Any:
    """Return what a function finds, once it finds something."""
    deadline = time.monotonic() + SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline, missing
        time.sleep(0.1)
    return found


def ended(record: dict[str, Any]) -> bool:
    return record["ended_at"] is not None


class DelegatedTokenContract:
    """Tests that hold for every scheduler; provide the fixture ``place``,
    which ends with :meth:`Place.clear`."""

    def test_a_job_uses_its_token_which_ends_with_it(self, place: Place) -> None:
        scope = f"store:{place.collection}"
        job = place.submit(
            f"put {place.collection}; put other; id -u\n{WAIT_FOR_GO}",
            name="with a token", token={"scopes": [scope], "seconds": 3600},
        )  # fmt: skip
        output = f"{place.jobs}/{job}/output"
        said = until(
            lambda: len(t := place.client.get(output).text.split()) == 3 and t, "output"
        )
        assert said == ["201", "403", str(place.uid)]
        stored = place.client.get(f"/api/v1/store/{place.collection}/one")
        assert stored.json() == {"by": "a job"}
        file = place.token_file()
        text = file.read_text().strip()
        assert place.status_of(text) == 200
        self.is_private(file, place.uid)
        self.is_nowhere_else(place, file, text)
        self.is_listed(place, job, text, scope)
        (place.home / "go").touch()
        assert place.until(job, ended)["state"] == "completed"
        until(lambda: place.status_of(text) == 401, "the token has not ended")
        until(lambda: not file.exists(), "the file is still there")
        listed = place.client.get("/api/v1/tokens").json()["tokens"]
        assert not any(token["delegated"] for token in listed)

    @staticmethod
    def is_private(file: Path, uid: int) -> None:
        for path, mode in ((file, 0o600), (file.parent, 0o700)):
            found = path.stat()
            assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, uid)

    @staticmethod
    def is_nowhere_else(place: Place, file: Path, text: str) -> None:
        """Neither what the gateway and the scheduler write nor a process has it."""
        key, secret = text.removeprefix("gw_").encode().split(b".")
        found = {path for path in files(place.written) if secret in content(path)}
        assert found - {file} == set()
        assert any(key in content(path) for path in files(place.written)), "control"
        own = str(os.getpid())
        for process in Path("/proc").glob("[0-9]*"):
            if process.name != own:
                assert secret not in content(process / "cmdline")
                assert secret not in content(process / "environ")

    @staticmethod
    def is_listed(place: Place, job: str, text: str, scope: str) -> None:
        answer = place.client.get("/api/v1/tokens")
        assert text.split(".")[1] not in answer.text
        (token,) = [t for t in answer.json()["tokens"] if t["delegated"]]
        assert token["job"] == {"system": place.system, "id": job}
        assert (token["label"], token["scopes"]) == ("with a token", [scope])
        one = place.client.get(f"/api/v1/tokens/{token['key']}")
        assert one.json() == token | {"last_used_at": one.json()["last_used_at"]}
        spec = place.client.get(f"{place.jobs}/{job}").json()["spec"]
        assert spec["token"] == {"scopes": [scope], "seconds": 3600}
        assert spec["environment"] == {}

    def test_a_canceled_job_keeps_no_token(self, place: Place) -> None:
        job = place.submit(WAIT_FOR_GO, hold=True, token={"scopes": ["store"]})
        file = place.token_file()
        text = file.read_text().strip()
        assert place.status_of(text) in {200, 404}
        assert place.client.delete(f"{place.jobs}/{job}").is_success
        assert place.until(job, ended)["state"] == "canceled"
        until(lambda: place.status_of(text) == 401, "the token has not ended")
        until(lambda: not file.exists(), "the file is still there")

    @pytest.mark.parametrize(
        ("token", "status"),
        [
            ({"scopes": ["admin"]}, 403),
            ({"scopes": ["account:manage"]}, 403),
            ({"scopes": ["nonsense"]}, 422),
            ({"scopes": []}, 422),
            ({"scopes": ["store"], "seconds": 0}, 422),
            ({"scopes": ["store"], "seconds": 10_000_000}, 422),
            ({"scopes": ["store"], "text": "gw_"}, 422),
        ],
    )
    def test_a_token_that_is_not_given_refuses_the_job(
        self, place: Place, token: dict[str, object], status: int
    ) -> None:
        spec = {"executable": "/bin/true", "name": "refused", "token": token}
        answer = place.client.post(place.jobs, json=spec)
        assert answer.status_code == status, answer.text
        listed = place.client.get(place.jobs, params={"name": "refused"}).json()
        assert listed["jobs"] == []


def files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        yield from (path for path in (place, *place.rglob("*")) if path.is_file())


def content(path: Path) -> bytes:
    """Return the content of a file; empty if it has just gone."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""
