"""Images, sources and candidates that trainings are given."""

from typing import Any

from gatewright.domains.classification import (
    Source,
)
from gatewright.domains.discovery import Candidate, Finding, Origin, Tally
from gatewright.domains.sky import Image


def image(
    name: str, night: float, ra: float = 10.0, band: str = "r", fov: float = 0.1
) -> Image:
    return Image(
        id=name,
        survey="night",
        path=f"/{name}",
        identity="1",
        hdu=0,
        polygon=(),
        ra=ra,
        dec=20.0,
        fov=fov,
        width=100,
        height=100,
        scale=0.3,
        file_size=1,
        observation=name,
        t_min=60000.0 + night,
        band=band,
    )


def told(source: Source, place: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return an example as plain values."""
    usual = {"features": {"likeness": 0.5}, "held_out": False, "aside": False}
    real = source is Source.INJECTED
    return {**usual, "real": real, "source": str(source), "place": place, **more}


def candidate(
    name: str, votes: Tally, place: tuple[float, float] = (10.0, 20.0)
) -> Candidate:
    found = Finding(1, *place, 3.0, 4.0, 9.0, 100.0, 10.0, {"likeness": 0.9})
    return Candidate(name, Origin("d-1", ["night"]), found, "o-1", votes)
