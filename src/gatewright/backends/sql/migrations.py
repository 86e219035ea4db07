"""Creates and changes the tables by numbered SQL files, each applied once.

A file ``schema/NNNN_name.sql`` holds statements, each ended by a semicolon at the end
of a line. ``{serial}`` stands for the type of a self-incrementing primary key and
``{clustered}`` for the clause that stores rows by primary key. ``{json_functions}``
stands for the statements that make the functions ``json_valid(text)`` and
``json_extract(text, path)`` where the database lacks them. Text is compared by its
bytes in both databases.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from gatewright.backends.sql.database import Database, Lock, Statement, Work
from gatewright.core.errors import Conflict

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    name TEXT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The parts of a schema file that differ between the databases."""

    serial: str
    """Type of a self-incrementing primary key that never reuses a number."""
    clustered: str
    """Table option that stores the rows in the tree of the primary key."""
    text: str
    """Type of text that is compared by its bytes."""
    json_functions: str = ""
    """Statements that make the functions ``json_valid`` and ``json_extract``."""

    def translate(self, schema: str) -> str:
        """Return the text of a schema file in this dialect."""
        text = re.sub(r"\bTEXT\b", self.text, schema)
        parts = {
            "{serial}": self.serial,
            "{clustered}": self.clustered,
            "{json_functions}": self.json_functions,
        }
        for mark, part in parts.items():
            text = text.replace(mark, part)
        return text


def schema_files() -> Mapping[str, str]:
    """Return the schema files of this version by name, sorted."""
    folder = files("gatewright.backends.sql").joinpath("schema")
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return {f.name: f.read_text("utf-8") for f in sorted(found, key=lambda f: f.name)}


async def migrate(
    database: Database, dialect: Dialect, schema: Mapping[str, str] | None = None
) -> Sequence[str]:
    """Bring the tables up to date, and return the names of the applied files.

    All files are applied in one transaction; processes that start at the same time wait
    for one another.

    Raises
    ------
    Conflict
        An applied file was changed since, or comes from a newer version.
    """
    wanted = schema_files() if schema is None else schema
    return await database.run(lambda: _migration(dialect, wanted))


def _migration(dialect: Dialect, wanted: Mapping[str, str]) -> Work[Sequence[str]]:
    yield Lock("migrations")
    yield Statement(dialect.translate(_TABLE))
    rows = yield Statement("SELECT name, sha256 FROM migrations")
    applied = {row["name"]: row["sha256"] for row in rows}
    for name, digest in applied.items():
        if name not in wanted:
            raise Conflict(
                f"The database has the tables of “{name}”, which this version does not "
                "know: it was used by a newer Gatewright. Start that version."
            )
        if _digest(wanted[name]) != digest:
            raise Conflict(
                f"The schema file “{name}” was changed after it was applied to this "
                "database. Restore the file, and put the change into a new file."
            )
    fresh = [name for name in wanted if name not in applied]
    for name in fresh:
        bare = re.sub(r"--[^\n]*", "", dialect.translate(wanted[name]))
        for statement in re.split(r";\s*$", bare, flags=re.MULTILINE):
            if statement.strip():
                yield Statement(statement.strip())
        yield Statement(
            "INSERT INTO migrations (name, sha256) VALUES (?, ?)",
            (name, _digest(wanted[name])),
        )
    return fresh


def _digest(schema: str) -> str:
    return hashlib.sha256(schema.encode()).hexdigest()
