"""Settings of candidates and objects: ``[discovery]``."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator

from gatewright.core.config_base import TABLE

ClassName = Annotated[str, StringConstraints(pattern=r"^[\w+?][\w+?/., -]{0,39}$")]


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
