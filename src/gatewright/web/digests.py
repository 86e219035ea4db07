"""Reads the digests of the body that a request declares (RFC 9530 and older headers).

``Repr-Digest`` and ``Content-Digest`` are dictionaries of byte sequences (RFC 8941);
older clients send ``Digest`` (RFC 3230) and ``Content-MD5`` (RFC 1864). An upload is a
whole representation without a content coding, so all four describe the same bytes.
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
    """Return the digests that a request declares for its body, by algorithm.

    Unknown algorithms are ignored, as the RFCs require.

    Raises
    ------
    InvalidRequest
        A header is malformed, a digest does not have its algorithm's length, or two
        headers declare different digests of one algorithm.
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
            raise InvalidRequest(f"The request has two different digests of {name}.")
    return found


def _said(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the header, the algorithm and the base64 text of each declared digest."""
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
