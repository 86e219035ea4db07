"""A cone search finds the real frames, and a cut-out has the right coordinates."""

import io

import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from tests.support import needs
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("archive")

PLACE = SkyCoord("21h12m26.0s", "-66d00m56s")
CONE = f"CIRCLE {PLACE.ra.deg:.6f} {PLACE.dec.deg:.6f} 0.003"


def test_a_cone_search_finds_the_ten_frames(archive: RunningGateway) -> None:
    with archive.client() as client:
        answer = client.get("/api/v1/images", params={"pos": CONE})
    assert answer.status_code == 200, answer.text
    images = answer.json()["images"]
    assert answer.json()["next"] is None
    assert len(images) == 10
    assert {image["survey"] for image in images} == {"decam_mini"}


def test_the_plus_sign_stands_for_a_space(archive: RunningGateway) -> None:
    with archive.client() as client:
        answer = client.get(f"/api/v1/images?pos={CONE.replace(' ', '+')}")
    assert len(answer.json()["images"]) == 10


def test_a_cut_out_opens_in_astropy_with_the_right_wcs(archive: RunningGateway) -> None:
    with archive.client() as client:
        image = client.get("/api/v1/images", params={"pos": CONE}).json()["images"][0]
        url = f"/api/v1/images/{image['id']}/cutout"
        answer = client.get(url, params={"pos": CONE, "format": "fits"})
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    with fits.open(io.BytesIO(answer.content)) as cutout:
        pixels, small = cutout[0].data, WCS(cutout[0].header)
    stem = next(
        path
        for path in needs.shared_data("sky", "decam_mini").glob("*.fits")
        if path.name.split(".")[0] in image["id"]
    )
    with fits.open(stem) as hdus:
        whole, full = hdus[0].data, WCS(hdus[0].header)
    height, width = pixels.shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    back_x, back_y = full.all_world2pix(*small.all_pix2world(x, y, 0), 0)
    dx, dy = np.round(back_x[0, 0]), np.round(back_y[0, 0])
    assert np.abs(back_x - x - dx).max() < 1e-6
    assert np.abs(back_y - y - dy).max() < 1e-6
    part = whole[int(dy) : int(dy) + height, int(dx) : int(dx) + width]
    assert np.array_equal(pixels, part)
    column, row = small.world_to_pixel(PLACE)
    assert 0 <= column < width
    assert 0 <= row < height


def test_a_cut_out_comes_as_a_picture(archive: RunningGateway) -> None:
    with archive.client() as client:
        image = client.get("/api/v1/images", params={"pos": CONE}).json()["images"][0]
        url = f"/api/v1/images/{image['id']}/cutout"
        answer = client.get(url, params={"pos": CONE, "format": "png"})
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n")


def test_pyvo_finds_the_frames_by_sia(archive: RunningGateway) -> None:
    service = pyvo.dal.SIA2Service(f"{archive.url}/vo/sia")
    found = service.search(pos=(PLACE.ra.deg, PLACE.dec.deg, 0.003))
    assert len(found) == 10
    assert {row["obs_collection"] for row in found} == {"decam_mini"}


def test_true_filters_and_nights_are_found(archive: RunningGateway) -> None:
    pos = "CIRCLE 110.312 23.920 0.01"
    with archive.client() as client:
        every = client.get("/api/v1/images", params={"pos": pos}).json()["images"]
        one = client.get(
            "/api/v1/images",
            params={"pos": pos, "band": "r", "time": "2017-11-13/2017-11-14"},
        ).json()["images"]
    assert {image["filter"][0] for image in every} == {"g", "r", "z"}
    assert len(one) == 1
