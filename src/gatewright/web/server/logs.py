"""Logging of the server's processes: one JSON object per line, on standard error."""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import msgspec
from typing_extensions import override

_MAXIMUM = 8192


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    """Return a time in whole seconds as text; cached, since many lines share it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


_encode = msgspec.json.Encoder().encode


class JsonFormatter(logging.Formatter):
    """Formats log records as JSON, which escapes line breaks and terminal controls."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; the items of its ``fields`` become members."""
        entry: dict[str, object] = {
            "at": f"{_second(int(record.created))}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        if fields is not None:  # of plain text and numbers, at each request
            entry |= fields
            return _encode(entry).decode()
        entry["message"] = record.getMessage()[:_MAXIMUM]
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)[-_MAXIMUM:]
        return json.dumps(entry)


class _Lines(logging.StreamHandler[TextIO]):
    """Writes each record with one call; standard error is flushed at each line end."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.stream.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001  # as of every handler: a log breaks nothing
            self.handleError(record)


def configure_logging(level: int = logging.INFO) -> None:
    """Send the log of this process to standard error as JSON."""
    # Skip lookups that no line uses (Python's Logging HOWTO, Optimization).
    logging.logThreads = logging.logProcesses = False
    logging.logMultiprocessing = False
    handler = _Lines(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
