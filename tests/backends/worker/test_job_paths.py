"""What is looked at of a job's folders before it is accepted, and how often."""

import stat
from dataclasses import dataclass, field

import pytest

from gatewright.backends.worker import check_paths
from gatewright.backends.worker.job_paths import MOST_FOLDERS
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.domains.compute import JobSpec, Submission


@dataclass
class Tree:
    """A user's folders, some of which are missing, and what was asked of them."""

    missing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def mode(self, user: str, path: str) -> int:
        assert user == "ada"
        self.asked.append(path)
        if path in self.missing or path.endswith(".txt"):
            raise NotFound("There is none.")
        return stat.S_IFDIR | 0o755


def submission(stdout: str, stderr: str, array: str | None = None) -> Submission:
    return Submission(
        uuid="u-1",
        id="1",
        system="local",
        user="ada",
        name="job",
        submitted_at=1000.0,
        spec=JobSpec(executable="/bin/true", array=array),
        directory="/folder",
        stdout_path=stdout,
        stderr_path=stderr,
    )


async def test_a_folder_of_both_outputs_is_looked_at_once() -> None:
    tree = Tree()
    job = submission("/out/{index}/o.txt", "/out/{index}/e.txt", "1-100")
    await check_paths(job, tree.mode)
    assert sorted(tree.asked) == sorted(
        {"/folder", *(f"/out/{n}" for n in range(1, 101))}
    )


async def test_a_long_array_has_a_bounded_number_of_its_folders_looked_at() -> None:
    tree = Tree()
    job = submission("/out/{index}/o.txt", "/err/{index}/e.txt", "10000-14999")
    await check_paths(job, tree.mode)
    folders = [path for path in tree.asked if path != "/folder"]
    assert len(folders) == len(set(folders)) == MOST_FOLDERS
    assert {"/err/10000", "/out/14999"} <= set(folders)


@pytest.mark.parametrize("missing", ["/out/1", "/out/57", "/out/100"])
async def test_a_missing_folder_of_an_array_is_named(missing: str) -> None:
    job = submission("/out/{index}/o.txt", "/out/{index}/e.txt", "1-100")
    with pytest.raises(InvalidContent, match=missing):
        await check_paths(job, Tree({missing}).mode)


async def test_one_file_for_both_outputs_is_looked_at_once() -> None:
    tree = Tree()
    await check_paths(submission("/folder/o.txt", "/folder/o.txt"), tree.mode)
    assert tree.asked == ["/folder", "/folder/o.txt"]
