"""Checks the files and folders of a job, as its user, before the job is accepted."""

import posixpath
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence

from gatewright.core.errors import InvalidContent, NotAllowed, NotFound
from gatewright.domains.compute import Submission, parse_array

Mode = Callable[[str, str], Awaitable[int]]
"""Returns type and permissions (``st_mode``) of a user's absolute path, links followed.
"""

_MOST_INDICES = 1 << 24
MOST_FOLDERS = 256
"""Most folders that are looked at for one job; of more than that the first, the last
and others at equal distances are. An element whose folder is missing after all fails
with that reason."""


async def check_paths(submission: Submission, mode: Mode) -> None:
    """Refuse a job whose folders do not exist for its user.

    Paths that an earlier job may still create, because this job depends on it, are not
    checked.

    Raises
    ------
    InvalidContent
        The message names the folder or the file.
    """
    spec = submission.spec
    await _check_folder(submission.user, "directory", submission.directory, mode)
    if spec.dependencies:
        return
    # One of both outputs is looked at once.
    folders = {folder: field for field, folder in _output_folders(submission)}
    for folder in _some(sorted(folders)):
        await _check_folder(submission.user, folders[folder], folder, mode)
    for path, field in {path: field for field, path in _outputs(submission)}.items():
        if "{" not in path and await _is_folder(submission.user, path, mode):
            raise InvalidContent(f"“{field}” is a folder: “{path}”. Name a file in it.")
    if spec.stdin_path is not None:
        path = posixpath.join(submission.directory, spec.stdin_path)
        try:
            await mode(submission.user, path)
        except (NotFound, NotAllowed) as error:
            raise InvalidContent(
                f"“stdin_path” cannot be used: there is no file “{path}”, or you may "
                "not reach it."
            ) from error


def _outputs(submission: Submission) -> list[tuple[str, str]]:
    return [
        ("stdout_path", submission.stdout_path),
        ("stderr_path", submission.stderr_path),
    ]


def _output_folders(submission: Submission) -> Iterator[tuple[str, str]]:
    """Yield the folders for output, except the working directory."""
    for field, path in _outputs(submission):
        folder = posixpath.dirname(path)
        if "{id}" in folder:
            raise InvalidContent(
                f"“{field}” has {{id}} in the name of a folder, which cannot be there "
                "before the job is. Put {id} into the name of the file."
            )
        array = submission.spec.array
        indices = parse_array(array, _MOST_INDICES).indices if array else ("",)
        for index in indices if "{index}" in folder else ("",):
            found = folder.replace("{index}", str(index))
            if found != submission.directory:
                yield field, found


def _some(folders: Sequence[str]) -> Sequence[str]:
    """Return at most :data:`MOST_FOLDERS` folders, the first and the last included."""
    if len(folders) <= MOST_FOLDERS:
        return folders
    last = len(folders) - 1
    return [
        folders[number * last // (MOST_FOLDERS - 1)] for number in range(MOST_FOLDERS)
    ]


async def _check_folder(user: str, field: str, path: str, mode: Mode) -> None:
    try:
        found = await _is_folder(user, path, mode)
    except NotAllowed as error:
        raise InvalidContent(
            f"The folder “{path}” (of “{field}”) cannot be used: you may not reach it."
        ) from error
    if found is None:
        raise InvalidContent(
            f"The folder “{path}” (of “{field}”) does not exist. Make it first."
        )
    if not found:
        raise InvalidContent(f"“{path}” (of “{field}”) is not a folder.")


async def _is_folder(user: str, path: str, mode: Mode) -> bool | None:
    """Return whether a path is a folder; None if it does not exist."""
    try:
        return stat.S_ISDIR(await mode(user, path))
    except NotFound:
        return None
