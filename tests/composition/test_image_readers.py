"""A package that is installed beside the gateway reads images of another format."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.outside import install, run_tests

from gatewright.composition.readers import open_image_reader, open_readers
from gatewright.core.config import Config, Gateway, SurveySource
from gatewright.domains.sky import Circle, CutoutRequest, Survey
from gatewright.testing.image_reader import content_bytes

PACKAGE = Path(__file__).resolve().parents[1] / "support" / "plates"
PLATE = {"ra": 10.0, "dec": 0.0, "scale": 1.0, "rows": [[1, 2, 3], [4, 5, 6]]}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {p.name: p.read_text() for p in PACKAGE.iterdir() if p.is_file()}
    return install(files, tmp_path / "site", monkeypatch)


async def test_each_file_of_a_survey_is_read_by_the_reader_of_its_format(
    site: Path, tmp_path: Path
) -> None:
    night = tmp_path / "night"
    night.mkdir()
    (night / "b.plate.json").write_text(json.dumps(PLATE))
    write(night / "a.fits", fits.PrimaryHDU(pixels(20, 30, "i2"), tan_header(20, 30)))
    write(night / "odd.dat", fits.PrimaryHDU(pixels(9, 9, "i2"), tan_header(9, 9)))
    config = Config(
        gateway=Gateway(state=tmp_path / "state"),
        surveys=[SurveySource(id="s", images=f"{night}/*")],
    )
    async with AsyncExitStack() as stack:
        pool = await open_readers(config, stack)
        reader = open_image_reader(config, pool)
        found = await reader.find(str(night))
        assert [file.name for file in found] == ["a.fits", "b.plate.json"]
        named = await reader.find(str(night / "odd.dat"))
        survey = Survey("s", "S", str(night))
        sizes = []
        for file in (*found, *named):
            (image,) = (await reader.scan(survey, file)).images
            sizes.append((image.width, image.height))
            around = CutoutRequest(Circle(image.ra, image.dec, 1.0))
            assert content_bytes(await reader.cut(image, around))
            assert (
                content_bytes(await reader.open(image))
                == (night / file.name).read_bytes()
            )
        assert sizes == [(20, 30), (3, 2), (9, 9)]


@pytest.mark.timeout(360)
def test_the_package_s_own_tests_pass(site: Path) -> None:
    assert " passed" in run_tests(site, "plates_contract.py")
