"""What a request says of its body's digest: RFC 9530, and the older fields.

``Repr-Digest`` and ``Content-Digest`` are dictionaries of byte sequences (RFC 8941);
``Digest`` (RFC 3230) and ``Content-MD5`` (RFC 1864) are what older clients send. An
upload has no content coding and is whole, so all of them speak of the same bytes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping

from gatewright.core.errors import InvalidRequest
from gatewright.domains.files import Algorithm

_NAMES = {
    "sha-256": Algorithm.SHA256,
    "sha-512": Algorithm.SHA512,
    "sha": Algorithm.SHA1,
    "md5": Algorithm.MD5,
}
_STRUCTURED = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):")
_OLD = re.compile(r"([A-Za-z0-9-]+)=([A-Za-z0-9+/]+=*)")


def declared_digests(headers: Mapping[str, str]) -> dict[Algorithm, bytes]:
    """Return the digests that a request says its body has, by algorithm.

    Algorithms that are not known here are left out, as the RFCs have it.

    Raises
    ------
    InvalidRequest
        A field cannot be read, or a digest has not its algorithm's length.
    """
    found: dict[Algorithm, bytes] = {}
    for field, name, value in _said(headers):
        algorithm = _NAMES.get(name)
        if algorithm is None:
            continue
        try:
            digest = base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise _unreadable(field) from error
        if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
            raise _unreadable(field)
        if found.setdefault(algorithm, digest) != digest:
            raise InvalidRequest(f"The request says two different digests of {name}.")
    return found


def _said(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the field, algorithm and text in base64 of every digest."""
    for field, form in (
        ("Repr-Digest", _STRUCTURED),
        ("Content-Digest", _STRUCTURED),
        ("Digest", _OLD),
    ):
        for member in headers.get(field, "").split(","):
            match = form.fullmatch(member.strip())
            if match is not None:
                yield field, match[1].lower(), match[2]
            elif member.strip():
                raise _unreadable(field)
    if "Content-MD5" in headers:
        yield "Content-MD5", "md5", headers["Content-MD5"].strip()


def _unreadable(field: str) -> InvalidRequest:
    return InvalidRequest(
        f"“{field}” cannot be read; write “Repr-Digest: sha-256=:BASE64:” (RFC 9530)."
    )
