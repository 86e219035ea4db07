"""Turns ``errno`` values into errors with a message for the user.

A worker sends only the number; all messages are here.
"""

import errno

from gatewright.core.errors import (
    AlreadyExists,
    BackendFailed,
    Conflict,
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PreconditionFailed,
    StorageFull,
    TooLarge,
    Unavailable,
)

_MEANINGS: dict[int, tuple[type[GatewayError], str]] = {
    errno.ENOENT: (NotFound, "There is no such file or folder."),
    errno.EACCES: (NotAllowed, "The permissions of the file or folder refuse this."),
    errno.EPERM: (NotAllowed, "The system does not permit this."),
    errno.EROFS: (NotAllowed, "The file system is read-only."),
    errno.EKEYREJECTED: (
        NotAllowed,
        "A token restricted to a folder cannot give a link another name.",
    ),
    errno.EKEYEXPIRED: (
        NotSignedIn,
        "What this request was signed in with has ended. Sign in and send it again.",
    ),
    errno.EKEYREVOKED: (
        Unavailable,
        "The gateway's broker and authn have different keys; its operator has to look.",
    ),
    errno.EXDEV: (NotAllowed, "The path leads out of the files that may be reached."),
    errno.ETXTBSY: (Conflict, "The file is a program that is running."),
    errno.EBUSY: (Conflict, "The file or folder is in use by the system."),
    errno.EEXIST: (AlreadyExists, "A file or folder of this name exists already."),
    errno.ENOTEMPTY: (Conflict, "The folder is not empty; delete it with “recursive”."),
    errno.ENOTDIR: (Conflict, "A part of the path is a file, not a folder."),
    errno.EISDIR: (Conflict, "This is a folder; a file is needed."),
    errno.EMLINK: (Conflict, "The file has as many links as it can have."),
    errno.ENOLINK: (
        Conflict,
        "The link leads to nothing; write to where it leads, or delete the link.",
    ),
    errno.ENXIO: (Conflict, "This is neither a file nor a folder."),
    errno.ENAMETOOLONG: (InvalidRequest, "The name is longer than 255 bytes."),
    errno.ELOOP: (InvalidRequest, "The path has a circle of links, or is too deep."),
    errno.EINVAL: (InvalidRequest, "The system cannot do this with these names."),
    errno.EILSEQ: (InvalidRequest, "The file system does not take such a name."),
    errno.EOPNOTSUPP: (InvalidRequest, "The file system cannot do this."),
    errno.E2BIG: (TooLarge, "Arguments and environment are too long together."),
    errno.EMSGSIZE: (TooLarge, "The request is too large."),
    errno.EFBIG: (TooLarge, "The file is larger than the file system takes."),
    errno.ESTALE: (PreconditionFailed, "The file has changed since you read it."),
    errno.ENOSPC: (StorageFull, "The disk is full."),
    errno.EDQUOT: (StorageFull, "The disk quota is used up."),
    errno.EAGAIN: (Unavailable, "Too much is going on for this user; try again soon."),
    errno.EMFILE: (Unavailable, "Too many files are open for this user; try again."),
    errno.ENFILE: (Unavailable, "Too many files are open; try again soon."),
    errno.EOWNERDEAD: (
        Unavailable,
        "The process that wrote the file has ended; send the file again.",
    ),
    errno.ENOMEM: (Unavailable, "There is not enough memory now; try again soon."),
    errno.EPIPE: (Unavailable, "The process that starts programs is gone; try again."),
    errno.ENOEXEC: (InvalidRequest, "The file is not a program that can be run."),
    errno.EIO: (BackendFailed, "The disk failed to read or write."),
}


_RETRY_SECONDS = 1


def meaning(number: int) -> GatewayError:
    """Return the error for an ``errno``."""
    kind, text = _MEANINGS.get(
        number, (BackendFailed, "The file system answered with an unknown error.")
    )
    return kind(text, retry_after=_RETRY_SECONDS if kind is Unavailable else None)
