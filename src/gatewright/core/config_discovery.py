"""Settings of candidates and objects: ``[discovery]``."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, field_validator

from gatewright.core.config_base import TABLE

_CLASS = re.compile(r"[\w+?][\w+?/., -]{0,39}")


def _is_a_class(name: str) -> str:
    if not _CLASS.fullmatch(name):
        raise ValueError(
            f"“{name}” is no name of a class: write at most 40 letters, digits, spaces "
            "and of “_+?/.,-”, with no space first"
        )
    return name


ClassName = Annotated[str, AfterValidator(_is_a_class)]


class DiscoverySettings(BaseModel):
    """What people may say of candidates and objects."""

    model_config = TABLE

    classes: Annotated[tuple[ClassName, ...], Field(min_length=1, max_length=60)] = (
        *("SN", "SN Ia", "SN Ib", "SN Ic", "SN II", "SN IIn", "SLSN", "TDE"),
        *("nova", "CV", "variable star", "AGN", "asteroid", "artefact", "other"),
    )
    """Classes that people choose from for an object, in the order in which they are
    shown."""

    @field_validator("classes")
    @classmethod
    def _are_unique(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) < len(classes):
            raise ValueError("a class is named twice")
        return classes
