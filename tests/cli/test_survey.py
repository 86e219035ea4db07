"""``gatewright survey`` as an operator types it."""

from pathlib import Path

import pytest
from astropy.io import fits
from click.testing import CliRunner, Result
from tests.backends.fits.skies import pixels, tan_header, write

from gatewright.cli import survey as module
from gatewright.cli.main import main
from gatewright.composition.sky import SkyTools
from gatewright.core.errors import InvalidRequest, Unavailable
from gatewright.domains.sky import Reading, Survey


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(
        f'[gateway]\nstate = "{tmp_path}/state"\n'
        f'[[surveys]]\nid = "fixed"\nimages = "{tmp_path}/fixed/*.fits"\n'
    )
    night = tmp_path / "night"
    night.mkdir()
    image = fits.PrimaryHDU(pixels(20, 20, "i2"), tan_header(20, 20))
    write(night / "a.fits", image)
    write(night / "plain.fits", fits.PrimaryHDU(pixels(20, 20, "i2")))
    return file


def run(config: Path, *arguments: str) -> Result:
    first, *rest = arguments
    return CliRunner().invoke(main, ["survey", first, "--config", str(config), *rest])


def test_add_and_list(config: Path) -> None:
    night = str(config.parent / "night")
    added = run(config, "add", "night", night, "--title", "A night")
    assert added.exit_code == 0, added.output
    assert "night: 2 files, 2 read with 1 images, 0 gone, 1 left out" in added.output
    assert "plain.fits: HDU 0: no celestial WCS" in added.output
    again = run(config, "add", "night", f"{night}/*.fits", "--access", "ada, eve")
    assert "2 files, 0 read with 0 images" in again.output
    listed = run(config, "list")
    assert listed.output.splitlines()[-1].split("\t") == [
        "night", "1", f"{night}/*.fits", "night",
    ]  # fmt: skip


def test_rules_of_a_survey(config: Path) -> None:
    night = config.parent / "night"
    header = tan_header(20, 20)
    header["FILTER"] = "VR a=b"
    write(night / "a.fits", fits.PrimaryHDU(pixels(20, 20, "i2"), header))
    options = [
        "--filter",
        "VR a=b=500-760",
        "--kind",
        "*.wt=mask",
        "--calib-level",
        "3",
    ]
    added = run(config, "add", "night", str(night), *options)
    assert "2 files, 2 read with 1 images" in added.output
    assert "0 read" in run(config, "add", "night", str(night), *options).output
    again = run(config, "add", "night", str(night), "--keyword", "start=BEGUN")
    assert "2 files, 2 read with 1 images" in again.output


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--filter=VR", "NAME=VALUE"),
        ("--filter=VR=reddish", "no band"),
        ("--kind=*.wt=odd", "no kind"),
        ("--keyword=begin=X", "filter, start, end, exposure"),
    ],
)
def test_rules_that_say_nothing(config: Path, option: str, text: str) -> None:
    bad = run(config, "add", "night", str(config.parent / "night"), option)
    assert bad.exit_code == 1
    assert text in bad.output


def test_remove(config: Path) -> None:
    night = config.parent / "night"
    run(config, "add", "night", str(night))
    removed = run(config, "remove", "night")
    assert removed.exit_code == 0, removed.output
    assert "night: removed" in removed.output
    assert "night" not in run(config, "list").output
    assert (night / "a.fits").exists()
    again = run(config, "remove", "night")
    assert again.exit_code == 1
    assert "no survey “night”" in again.output


async def test_a_survey_of_the_configuration_is_removed_there() -> None:
    class Index:
        async def survey(self, survey: str) -> Survey:
            return Survey(survey, "Fixed", "/fixed", configured=True)

    tools = SkyTools(Index(), None)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="remove it there"):
        await module._remove(tools, "fixed")


def test_it_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = module._Progress("night")
    progress(Reading(1, 10_000))
    assert not capsys.readouterr().err
    progress._last -= 3600
    progress(Reading(640, 10_000))
    progress(Reading(704, 10_000))
    assert capsys.readouterr().err == "night: 640 of 10000 files read\n"


def test_refused(config: Path) -> None:
    bad = run(config, "add", "../x", "/tmp")
    assert bad.exit_code == 1
    assert "letters, digits" in bad.output


async def test_a_survey_of_the_configuration_is_changed_there() -> None:
    class Index:
        async def survey(self, survey: str) -> Survey:
            return Survey(survey, "Fixed", "/fixed", configured=True)

    tools = SkyTools(Index(), None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="change it there"):
        await module._add(tools, Survey("fixed", "x", "/x"))


async def test_another_process_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Index:
        async def survey(self, survey: str) -> None:
            return None

        async def save_survey(self, survey: Survey) -> None:
            return None

    class Busy:
        async def run(self, survey: Survey, told: object) -> None:
            return None

    async def no_time(seconds: float) -> None:
        return None

    monkeypatch.setattr("asyncio.sleep", no_time)
    tools = SkyTools(Index(), Busy())  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await module._add(tools, Survey("x", "x", "/x"))
