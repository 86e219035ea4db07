"""Parses the forms that NEWT's clients send."""

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from gatewright.core.errors import InvalidRequest, UnsupportedMediaType
from gatewright.web.upload import blocks

MAXIMUM_FIELDS = 1000
LONGEST_BOUNDARY = 70
"""Longest boundary of a multipart body, in characters (RFC 2046, section 5.1.1)."""
_DISPOSITION = re.compile(rb"content-disposition", re.IGNORECASE)


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; of fields with the same name the last one counts.

    Raises
    ------
    UnsupportedMediaType
        The body is not a form.
    InvalidRequest
        The form is malformed.
    """
    kind, options = _content_type(request)
    body = await request.body()
    if kind == b"multipart/form-data":
        parts = Parts(options)
        parts.feed(body)
        parts.end()
        try:
            fields = {name: data.decode() for name, _, data in parts.taken()}
        except UnicodeDecodeError as error:
            raise InvalidRequest("A field of the form is not UTF-8 text.") from error
    # Old clients of NEWT send a form without Content-Type.
    elif kind in {b"", b"application/x-www-form-urlencoded"} or not body:
        try:
            pairs = parse_qsl(
                body.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAXIMUM_FIELDS,
            )
        except ValueError as error:
            text = "The form cannot be read: it has to be UTF-8 text."
            raise InvalidRequest(text) from error
        fields = dict(pairs)
    else:
        raise UnsupportedMediaType("Send the fields as a form.")
    if any("\0" in name + value for name, value in fields.items()):
        raise InvalidRequest("A field of the form has a NUL character.")
    return fields


def _content_type(request: Request) -> tuple[bytes, dict[bytes, bytes]]:
    return parse_options_header(request.headers.get("content-type", ""))


class Parts:
    """Incremental parser of a multipart body (RFC 7578): name, file name and bytes.

    It returns each part piece by piece, so that a large file is never held in memory.
    """

    def __init__(self, options: dict[bytes, bytes]) -> None:
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= LONGEST_BOUNDARY:
            raise InvalidRequest(
                f"The form's boundary must have 1 to {LONGEST_BOUNDARY} characters."
            )
        self._events: list[tuple[str, str | None, bytes]] = []
        self._field = self._value = b""
        self._name = ""
        self._file: str | None = None
        self._count = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_part_data": self._data,
                "on_part_end": lambda: None,
                "on_end": self._whole,
            },
        )

    def feed(self, data: bytes) -> None:
        """Parse the next bytes of the body.

        Raises
        ------
        InvalidRequest
            The body is malformed.
        """
        try:
            self._parser.write(data)
        except ValueError as error:
            raise InvalidRequest("The form is not a multipart body.") from error

    def end(self) -> None:
        """Check that the body is complete.

        Raises
        ------
        InvalidRequest
            The closing boundary is missing.
        """
        if not self._ended:
            raise InvalidRequest("The form ends before its closing boundary.")

    def taken(self) -> list[tuple[str, str | None, bytes]]:
        """Return name, file name and all bytes so far of each part."""
        joined: dict[tuple[str, str | None], bytearray] = {}
        for name, file, data in self.drain():
            joined.setdefault((name, file), bytearray()).extend(data)
        return [(name, file, bytes(data)) for (name, file), data in joined.items()]

    def drain(self) -> list[tuple[str, str | None, bytes]]:
        """Return name, file name and bytes of the pieces parsed since the last call."""
        events, self._events = self._events, []
        return events

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAXIMUM_FIELDS:
            raise InvalidRequest(f"A form has at most {MAXIMUM_FIELDS} fields.")
        self._field = self._value = b""
        self._name, self._file = "", None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if _DISPOSITION.fullmatch(self._field):
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
            file = options.get(b"filename")
            self._file = None if file is None else file.decode("utf-8", "replace")
            self._events.append((self._name, self._file, b""))
        self._field = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append((self._name, self._file, data[start:end]))

    def _whole(self) -> None:
        self._ended = True


class UploadedFile:
    """The field ``file`` of a multipart form, read while it arrives.

    :meth:`name` reads up to the beginning of the file, :meth:`blocks` reads the rest.
    """

    def __init__(self, request: Request) -> None:
        kind, options = _content_type(request)
        if kind != b"multipart/form-data":
            raise UnsupportedMediaType("Send the file as the field “file” of a form.")
        self._parts = Parts(options)
        self._stream = blocks(request)
        self._held: list[bytes] = []
        self._name: str | None = None

    async def name(self) -> str:
        """Return the file's name without folders.

        Raises
        ------
        InvalidRequest
            The form has no file.
        """
        async for chunk in self._stream:
            self._parts.feed(chunk)
            self._held += self._of_file()
            if self._name is not None:
                break
        if not self._name:
            raise InvalidRequest("The form has no file in its field “file”.")
        return self._name

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes in blocks."""
        for data in self._held:
            yield data
        async for chunk in self._stream:
            self._parts.feed(chunk)
            for data in self._of_file():
                yield data
        self._parts.end()

    def _of_file(self) -> list[bytes]:
        found = []
        for name, file, data in self._parts.drain():
            if name == "file" and file is not None:
                self._name = self._name or file.replace("\\", "/").rpartition("/")[2]
                found.append(data)
        return [data for data in found if data]
