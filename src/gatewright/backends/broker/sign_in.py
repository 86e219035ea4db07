"""Checks one password with PAM, as root: ``python -I sign_in.py SERVICE``.

Standard input is ``NAME NUL PASSWORD`` up to its end. A name alone asks whether the
account may be used now, by somebody whom an identity provider has signed in. The exit
code is the result, and nothing is printed. Each check gets its own process: PAM modules
are not made to run concurrently in one process, wait for seconds after a wrong
password, and may leak or crash.
"""

import ctypes
import os
import sys
from typing import Any

RIGHT, WRONG, NOT_LET_IN, PASSWORD_EXPIRED, BROKEN = 0, 1, 2, 3, 4
MOST_BYTES = 8192

_PAM_SILENT, _PAM_DISALLOW_NULL_AUTHTOK = 0x8000, 1
_PAM_PROMPT_ECHO_OFF, _PAM_PROMPT_ECHO_ON = 1, 2
_PAM_SUCCESS, _PAM_CONV_ERR, _PAM_NEW_AUTHTOK_REQD = 0, 19, 12
_PAM_USER = 2
_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d")


class _Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class _Response(ctypes.Structure):
    _fields_ = (("text", ctypes.c_void_p), ("code", ctypes.c_int))


_TALK = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = (("talk", _TALK), ("data", ctypes.c_void_p))


def answer(service: str, name: bytes, password: bytes | None) -> int:
    """Return the result of PAM for an account and its password.

    Without a password (None) only the account is looked at.
    """
    if password == b"":
        return WRONG
    if not any(os.path.exists(f"{one}/{service}") for one in _FOLDERS):
        return BROKEN
    pam, libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL(None)
    libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
    libc.calloc.argtypes = (ctypes.c_size_t, ctypes.c_size_t)

    def talk(count: int, messages: Any, responses: Any, _: object) -> int:
        """Answer each prompt without echo by the password; a prompt with echo fails."""
        styles = [messages[number].contents.style for number in range(count)]
        if _PAM_PROMPT_ECHO_ON in styles:
            return _PAM_CONV_ERR
        room = libc.calloc(count, ctypes.sizeof(_Response))  # PAM frees it
        responses[0] = ctypes.cast(room, ctypes.POINTER(_Response))
        for number, style in enumerate(styles):
            if style == _PAM_PROMPT_ECHO_OFF:
                responses[0][number].text = libc.strdup(password)
        return _PAM_SUCCESS

    handle = ctypes.c_void_p()
    conversation = _Conversation(_TALK(talk), None)
    if pam.pam_start(
        service.encode(), name, ctypes.byref(conversation), ctypes.byref(handle)
    ):
        return BROKEN
    code, result = _judged(pam, handle, password)
    user = ctypes.c_char_p()
    pam.pam_get_item(handle, _PAM_USER, ctypes.byref(user))
    if code == RIGHT and user.value != name:
        code = NOT_LET_IN  # a module has made another account of the name
    pam.pam_end(handle, result)
    return code


def _judged(
    pam: ctypes.CDLL, handle: ctypes.c_void_p, password: bytes | None
) -> tuple[int, int]:
    """Return our result, and PAM's, of the password if there is one and the account."""
    if password is not None:
        result = pam.pam_authenticate(handle, _PAM_SILENT | _PAM_DISALLOW_NULL_AUTHTOK)
        if result != _PAM_SUCCESS:
            return WRONG, result
    result = pam.pam_acct_mgmt(handle, _PAM_SILENT)
    if result == _PAM_NEW_AUTHTOK_REQD:
        return PASSWORD_EXPIRED, result
    return NOT_LET_IN if result else RIGHT, result


def main(service: str) -> int:
    """Read the name, and the password if there is one; return the exit code."""
    text = sys.stdin.buffer.read(MOST_BYTES + 1)
    name, zero, password = text.partition(b"\0")
    if not name or b"\0" in password or len(text) > MOST_BYTES:
        return WRONG
    return answer(service, name, password if zero else None)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except OSError:
        sys.exit(BROKEN)
