"""What the server's processes log: one JSON object a line, on standard error."""

import json
import logging
import sys

import msgspec
from typing_extensions import override

from gatewright.core.clock import timestamp

_MAXIMUM = 8192


class JsonFormatter(logging.Formatter):
    """Makes a line of a record; JSON escapes what would break a line or a terminal."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; a record's ``fields`` become members."""
        entry: dict[str, object] = {
            "at": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        if fields is not None:  # of plain text and numbers, at each request
            return msgspec.json.encode(entry | fields).decode()
        entry["message"] = record.getMessage()[:_MAXIMUM]
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)[-_MAXIMUM:]
        return json.dumps(entry)


def configure_logging(level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error as JSON."""
    # What no line has is not looked up for each (Logging HOWTO, Optimization).
    logging.logThreads = logging.logProcesses = False
    logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
