"""The simulated sky of the demo: its supernovae become candidates, and nothing else."""

import csv
import math
from pathlib import Path

from tests.support.app import caller, client
from tests.support.night import made
from tests.support.skies import sky_services

from gatewright.cli.examples.sky import write_survey
from gatewright.core.caller import Role
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

NEAR = 1.0 / 3600


async def test_two_nights_less_two_others_are_the_three_supernovae(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sky"
    write_survey(folder)
    with (folder / "transients.csv").open(encoding="ascii") as file:
        truth = list(csv.DictReader(file))
    survey = SurveySource(id="sim", images=str(folder / "*.fits"))
    nights = {"science": (3, 4), "reference": (0, 5)}
    body = {
        side: [f"sim~sim-{night:02}-r~0" for night in chosen]
        for side, chosen in nights.items()
    }
    async with sky_services(tmp_path, [survey], response_bytes=50_000_000) as services:
        app, who = face.build(services), caller("ada", Role.GUEST)  # type: ignore[arg-type]
        async with client(app, services, who) as api:  # type: ignore[arg-type]
            asked = {"difference": (await made(api, body))["id"]}
            answer = await api.get("/candidates", params=asked)
    found = answer.json()["candidates"]
    assert all(one["reason"] is None and one["snr"] > 20 for one in found)
    assert len(found) == len(truth) == 3
    for supernova in truth:
        ra, dec = float(supernova["ra"]), float(supernova["dec"])
        near = [
            one
            for one in found
            if math.hypot(
                (one["ra"] - ra) * math.cos(math.radians(dec)), one["dec"] - dec
            )
            < NEAR
        ]
        assert len(near) == 1, supernova["name"]


async def test_a_product_larger_than_an_answer_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sky"
    write_survey(folder)
    survey = SurveySource(id="sim", images=str(folder / "*.fits"))
    body = {"images": ["sim~sim-00-r~0", "sim~sim-01-r~0"]}
    async with sky_services(tmp_path, [survey], response_bytes=1_000_000) as services:
        app, who = face.build(services), caller("ada", Role.GUEST)  # type: ignore[arg-type]
        async with client(app, services, who) as api:  # type: ignore[arg-type]
            answer = await api.post("/coadds", json=body, timeout=120)
    assert answer.status_code == 413, answer.text
    assert "smaller region" in answer.json()["detail"]
