"""What all tables of the configuration file have in common."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]

TABLE = ConfigDict(
    frozen=True,
    extra="forbid",
    use_attribute_docstrings=True,
    allow_inf_nan=False,
)
"""How the model of a table is made; unknown settings are refused."""


@dataclass(frozen=True, slots=True)
class Existing:
    """Marks a plug-in's setting, a path, that ``gatewright check`` looks for.

    Write ``root: Annotated[Path, Existing()]``; an empty text is not looked for.
    """
