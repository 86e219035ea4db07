"""What a machine that stopped left in the state folder."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gatewright.cli import demo
from gatewright.cli.main import main
from gatewright.composition.readers import open_readers
from gatewright.composition.state import open_database
from gatewright.core.config import Config, Gateway
from gatewright.core.config_file import FILE_NAME, load_config
from gatewright.core.errors import BackendFailed, Unavailable


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(gateway=Gateway(state=tmp_path))


async def test_an_empty_database_is_created_again_with_a_line_in_the_log(
    config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "gateway.sqlite").touch()
    async with AsyncExitStack() as stack:
        database = await open_database(config, stack)
        assert await database.read("SELECT * FROM account") == []
    assert "is empty: it is begun anew" in caplog.text


async def test_a_damaged_database_is_named_and_left_as_it_is(
    config: Config, tmp_path: Path
) -> None:
    damaged = b"this was a database once " * 400
    (tmp_path / "gateway.sqlite").write_bytes(damaged)
    async with AsyncExitStack() as stack:
        with pytest.raises(BackendFailed):
            await open_database(config, stack)
    assert (tmp_path / "gateway.sqlite").read_bytes() == damaged


async def test_a_file_in_place_of_the_spool_has_a_clear_message(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "spool").touch()
    async with AsyncExitStack() as stack:
        with pytest.raises(Unavailable, match="unfinished responses"):
            await open_readers(config, stack)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Note which archives of the demo are made, in place of making them."""
    made: list[Path] = []

    def write_reanalysis(path: Path) -> None:
        made.append(path)
        path.write_bytes(b"data")

    def write_survey(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name in ("transients.csv", demo.STARS):
            (folder / name).write_bytes(b"name\n")

    monkeypatch.setattr("gatewright.cli.examples.write_reanalysis", write_reanalysis)
    monkeypatch.setattr("gatewright.cli.examples.write_survey", write_survey)
    return made


def test_archives_of_a_demo_that_are_empty_are_made_anew(
    tmp_path: Path, made: list[Path]
) -> None:
    demo.prepare(tmp_path)
    demo.prepare(tmp_path)
    assert len(made) == 1
    survey = tmp_path / "archives" / demo.SURVEY
    for path in (made[0], survey / "transients.csv", survey / demo.STARS):
        os.truncate(path, 0)
        demo.prepare(tmp_path)
    # A demo of before there was a catalogue gets one.
    (survey / demo.STARS).unlink()
    demo.prepare(tmp_path)
    assert len(made) == 5


@pytest.mark.parametrize("left", [b"", b"[gateway]\ntitle = ", b"\xff\0"])
def test_the_configuration_of_a_demo_is_written_anew(
    tmp_path: Path, made: list[Path], monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    (tmp_path / FILE_NAME).write_bytes(left)
    (tmp_path / f"{FILE_NAME}.new").write_bytes(left)
    monkeypatch.setattr(demo, "serve_gateway", lambda *_: 0)
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--state", str(tmp_path), "--port", "0"])
    assert ended.value.code == 0
    assert load_config(tmp_path / FILE_NAME).gateway.state == tmp_path
    assert not (tmp_path / f"{FILE_NAME}.new").exists()
