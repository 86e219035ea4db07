"""Operations that change names: folders, links, modes, moves, copies, removal."""

import contextlib
import ctypes
import errno
import os
import stat

from gatewright.backends.worker.program import parts
from gatewright.backends.worker.program.copying import copy_tree
from gatewright.backends.worker.program.entries import Row, look, raw, row, version
from gatewright.backends.worker.program.reading import (
    Arguments,
    destination_of,
    place_of,
)
from gatewright.backends.worker.program.trees import Place, Tree, libc

_NOREPLACE = 1
_AT_FDCWD = -100
_MODE = 0o7777


def _told(place: Place) -> Row:
    return row(os.path.basename(place[1]), *look(*place))  # noqa: PTH119  # bytes paths


def make_folder(arguments: Arguments) -> Row:
    """Create a folder; ``parents`` also creates missing parents.

    With ``parents``, an existing folder is no error.
    """
    where, path = place_of(arguments)
    parts.refuse(path)
    if arguments.get("parents"):
        for above in where.above(path):
            parts.refuse(above)
            with (
                where.place(above) as (folder, name),
                contextlib.suppress(FileExistsError),
            ):
                os.mkdir(name, dir_fd=folder)
    with where.place(path) as (folder, name):
        try:
            os.mkdir(name, dir_fd=folder)
        except FileExistsError:
            if not arguments.get("parents"):
                raise
            os.close(where.folder(path))  # an error if it is no folder
        return _told((folder, name))


def change_mode(arguments: Arguments) -> Row:
    """Set the permission bits of a path, links followed.

    The top of the tree is refused with EPERM; a path alone need not show that it leads
    there.
    """
    where, path = place_of(arguments)
    descriptor = where.open(path, os.O_PATH)
    try:
        top = where.folder(where.top)
        try:
            is_top = os.path.sameopenfile(top, descriptor)
        finally:
            os.close(top)
        if is_top:
            raise PermissionError(errno.EPERM, "top")
        os.chmod(f"/proc/self/fd/{descriptor}", arguments["mode"] & _MODE)  # noqa: PTH101  # by descriptor
        return row(os.path.basename(path), os.fstat(descriptor))  # noqa: PTH119  # bytes paths
    finally:
        os.close(descriptor)


def make_link(arguments: Arguments) -> Row:
    """Create a symbolic link with the text ``target``, or a hard link to that path."""
    where, path = place_of(arguments)
    parts.refuse(path)
    target = raw(arguments["target"])
    with where.place(path) as (folder, name):
        if arguments["symbolic"]:
            os.symlink(target, name, dir_fd=folder)
        else:
            with where.place(target) as (source_folder, source):
                _refuse_link(arguments, (source_folder, source))
                os.link(
                    source,
                    name,
                    src_dir_fd=source_folder,
                    dst_dir_fd=folder,
                    follow_symlinks=False,
                )
        return _told((folder, name))


def remove(arguments: Arguments) -> None:
    """Remove a file, a link or an empty folder; ``recursive`` a whole folder.

    With ``match``, only a file of one of these versions is removed, otherwise ESTALE is
    raised. For a link, the version of its target matches too, since readers get that.
    """
    where, path = place_of(arguments)
    with where.place(path) as (folder, name):
        found, _ = look(folder, name)
        match = arguments.get("match")
        if match is not None:
            versions = {"*", version(found)}
            if stat.S_ISLNK(found.st_mode):
                with contextlib.suppress(OSError):
                    descriptor = where.open(path, os.O_PATH)
                    versions.add(version(os.fstat(descriptor)))
                    os.close(descriptor)
            if versions.isdisjoint(match):
                raise OSError(errno.ESTALE, "changed")
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(name, dir_fd=folder)
        elif arguments.get("recursive"):
            _remove_all(folder, name)
        else:
            os.rmdir(name, dir_fd=folder)


def _remove_all(folder: int | None, name: bytes) -> None:
    import shutil  # with zlib and more, which few workers need

    try:
        shutil.rmtree(os.fsdecode(name), dir_fd=folder)  # by descriptors, no link taken
    except RecursionError as error:
        raise OSError(errno.ELOOP, "too deep") from error


def _refuse_link(arguments: Arguments, source: Place) -> None:
    """Refuse (EKEYREJECTED) to rename a symbolic link for a restricted token.

    A program such as the reader of a job's output would follow it under its new name.
    """
    held = raw(arguments.get("destinations_within", "/")).strip(b"/")
    if held and stat.S_ISLNK(look(*source)[0].st_mode):
        raise OSError(errno.EKEYREJECTED, "link")


def _destination(arguments: Arguments) -> tuple[Tree, bytes]:
    to, target = destination_of(arguments)
    parts.refuse(target)
    return to, target


def move(arguments: Arguments) -> Row:
    """Rename a file or folder; across file systems, copy and then remove it.

    An existing destination is refused with EEXIST, unless ``replace`` is given.
    """
    where, path = place_of(arguments)
    to, target = _destination(arguments)
    with where.place(path) as source, to.place(target) as destination:
        _refuse_link(arguments, source)
        try:
            rename(source, destination, replace=arguments["replace"])
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy_into_place(source, destination, arguments)
            remove({**arguments, "recursive": True, "match": None})
        return _told(destination)


def copy(arguments: Arguments) -> Row:
    """Copy a file, a link, or a folder with its contents, entirely or not at all."""
    where, path = place_of(arguments)
    to, target = _destination(arguments)
    with where.place(path) as source, to.place(target) as destination:
        _refuse_link(arguments, source)
        _copy_into_place(source, destination, arguments)
        return _told(destination)


def rename(source: Place, destination: Place, *, replace: bool) -> None:
    """Rename a file in one step; an existing name is EEXIST unless ``replace``.

    If the file system does not support ``RENAME_NOREPLACE`` (renameat2(2)),
    `rename_in_steps` is used.
    """
    folders = {"src_dir_fd": source[0], "dst_dir_fd": destination[0]}
    if replace:
        os.rename(source[1], destination[1], **folders)  # noqa: PTH104  # by descriptor
        return
    result = libc.renameat2(
        ctypes.c_int(_AT_FDCWD if source[0] is None else source[0]),
        ctypes.c_char_p(source[1]),
        ctypes.c_int(_AT_FDCWD if destination[0] is None else destination[0]),
        ctypes.c_char_p(destination[1]),
        ctypes.c_uint(_NOREPLACE),
    )
    if result == 0:
        return
    if ctypes.get_errno() not in {errno.EINVAL, errno.ENOSYS}:
        raise OSError(ctypes.get_errno(), "renameat2")
    rename_in_steps(source, destination)


def rename_in_steps(source: Place, destination: Place) -> None:
    """Rename a file to a name that must not exist, without atomic support for it.

    A file gets its new name as a hard link and then loses the old one. A folder is
    renamed after a check; an empty folder that is created in between would be replaced.
    """
    folders = {"src_dir_fd": source[0], "dst_dir_fd": destination[0]}
    if not stat.S_ISDIR(look(*source)[0].st_mode):
        os.link(source[1], destination[1], **folders, follow_symlinks=False)
        os.unlink(source[1], dir_fd=source[0])
    elif _exists(destination):
        raise FileExistsError(errno.EEXIST, "exists")
    else:
        os.rename(source[1], destination[1], **folders)  # noqa: PTH104  # by descriptor


def _copy_into_place(source: Place, destination: Place, arguments: Arguments) -> None:
    folder, name = destination
    if not arguments["replace"] and _exists(destination):
        raise FileExistsError(errno.EEXIST, "exists")
    beside = os.path.join(os.path.dirname(name), parts.new_name())  # noqa: PTH118, PTH120  # bytes paths
    try:
        copy_tree(source, (folder, beside), arguments["stop"])
        rename((folder, beside), destination, replace=arguments["replace"])
    except BaseException:
        with contextlib.suppress(OSError):
            found, _ = look(folder, beside)
            if stat.S_ISDIR(found.st_mode):
                _remove_all(folder, beside)
            else:
                os.unlink(beside, dir_fd=folder)
        raise


def _exists(place: Place) -> bool:
    with contextlib.suppress(FileNotFoundError):
        look(*place)
        return True
    return False
