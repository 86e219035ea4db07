"""Settings of a survey's catalogue of stars: ``[surveys.catalogue]``."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator

from gatewright.core.config_base import TABLE

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
SUFFIXES = (".csv", ".fits", ".fit", ".vot", ".votable", ".xml")
"""Endings of the files that can be read as a catalogue."""


class CatalogueSource(BaseModel):
    """A catalogue of stars that gives the survey's images their magnitudes."""

    model_config = TABLE

    file: Path
    """CSV, FITS or VOTable file with a row for each star, up to 128 MiB and a million
    rows. The processes that work on images may read its folder."""
    system: Text
    """Photometric system of the magnitudes, such as ``AB`` or ``Vega``, as light curves
    name it. It is not guessed."""
    name: str = ""
    """Name of the catalogue, as light curves name it; by default the file's name."""
    ra: Text = "ra"
    """Column of the right ascension, ICRS degrees."""
    dec: Text = "dec"
    """Column of the declination, ICRS degrees."""
    bands: Annotated[dict[Text, tuple[Text, Text]], Field(min_length=1)]
    """Columns of the magnitude and of its error (one sigma) for each band: ``r =
    ["rmag", "e_rmag"]``. Images of other bands get no magnitudes."""

    @field_validator("file")
    @classmethod
    def _has_a_known_ending(cls, file: Path) -> Path:
        if not file.name.lower().endswith(SUFFIXES):
            raise ValueError(f"its name has to end with one of {', '.join(SUFFIXES)}")
        return file
