"""Tokens of jobs on a real Slurm: of one person, and of two Unix users."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.conftest import Cluster
from tests.cluster.test_gateway import owner, served, settings
from tests.cluster.test_two_people import Centre, centre
from tests.support.delegated import DelegatedTokenContract, Place
from tests.support.go import WAIT_FOR_GO

__all__ = ["centre", "settings"]


def new_collection() -> str:
    return f"c{secrets.token_hex(4)}"


class TestOnePersonOnSlurm(DelegatedTokenContract):
    @pytest.fixture
    def place(self, settings: Path, cluster: Cluster) -> Iterator[Place]:
        with served(settings) as gateway, owner(gateway) as client:
            place = Place(
                client, gateway.url, "cluster", os.getuid(),
                settings.parent / "home", [settings.parent, cluster.folder],
                new_collection(),
            )  # fmt: skip
            yield place
            place.clear()


class TestTwoPeopleOnSlurm(DelegatedTokenContract):
    @pytest.fixture
    def place(self, centre: Centre) -> Iterator[Place]:
        ada, folder = centre.people[0], centre.folder
        written = [folder / "state", folder / "authn", *folder.glob("*.log")]
        with centre.signed_in(ada) as client:
            place = Place(
                client, centre.url, "cluster", ada.uid, ada.home,
                [ada.home, centre.cluster.folder, *written], new_collection(),
            )  # fmt: skip
            yield place
            place.clear()

    def test_nobody_else_reads_the_file_or_sees_the_token(
        self, place: Place, centre: Centre
    ) -> None:
        bob = centre.people[1]
        place.home.chmod(0o755)
        place.submit(WAIT_FOR_GO, token={"scopes": ["store"]})
        file = place.token_file()
        control = place.home / "for-all"
        control.write_text("read by all")
        control.chmod(0o644)
        assert read_as(bob.name, control) == (0, "read by all")
        assert read_as(bob.name, file) == (1, "")
        code, text = read_as(centre.people[0].name, file)
        assert (code, place.status_of(text.strip())) in {(0, 200), (0, 404)}
        key = text.removeprefix("gw_").split(".")[0]
        with centre.signed_in(bob) as his:
            assert his.get(f"/api/v1/tokens/{key}").status_code == 404
            assert his.delete(f"/api/v1/tokens/{key}").status_code == 404
            assert key not in his.get("/api/v1/tokens").text
        assert place.client.get(f"/api/v1/tokens/{key}").status_code == 200

    def test_a_token_ends_with_the_session_it_was_made_in(
        self, place: Place, centre: Centre
    ) -> None:
        with centre.signed_in(centre.people[0]) as client:
            spec = {"script": WAIT_FOR_GO, "token": {"scopes": ["store"]}}
            assert client.post(place.jobs, json=spec).status_code == 201
            text = place.token_file().read_text().strip()
            assert place.status_of(text) in {200, 404}
            assert client.delete("/api/v1/session").is_success
        assert place.status_of(text) == 401


def read_as(user: str, path: Path) -> tuple[int, str]:
    """Return the exit status and the output of ``cat`` as a Unix user."""
    done = subprocess.run(
        ["cat", path], user=user, extra_groups=[], cwd="/", check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout
