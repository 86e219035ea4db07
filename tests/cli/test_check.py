"""``gatewright check`` says what a file makes, or every mistake with its line."""

import socket
import tempfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatewright.cli.main import main
from gatewright.cli.serve import warn_of_absent
from gatewright.core.config import Config, DatasetSource, Gateway

NONE = "No such file or directory"


def test_a_right_file_is_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    path.write_text(
        '[gateway]\ntitle = "Ours"\nstate = "s"\n[[systems]]\nname = "local"\n'
        '[[datasets]]\nid = "a"\nsource = "a.nc"\n'
    )
    (tmp_path / "a.nc").touch()
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 0
    assert "Ours at http://127.0.0.1:8000" in done.output
    assert "1 system: local" in done.output
    assert "0 surveys" in done.output
    assert done.output.endswith("no mistakes\n")


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    (tmp_path / "there.nc").touch()
    (tmp_path / "night").mkdir()
    (tmp_path / "night" / "a.fits").touch()
    path.write_text(
        '[gateway]\nstate = "/proc/nope"\n'
        '[[systems]]\nname = "local"\nhome = "no-home"\n'
        '[[systems]]\nname = "file"\nhome = "there.nc"\n'
        '[[datasets]]\nid = "a"\nsource = "there.nc"\n'
        '[[datasets]]\nid = "b"\nsource = "absent.nc"\n'
        '[[datasets]]\nid = "store"\nsource = "night"\n'
        '[[surveys]]\nid = "s"\nimages = "night/*.fits"\n'
        '[[surveys]]\nid = "t"\nimages = "day/**/*.fits"\n'
    )
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 1
    named = [line for line in done.output.splitlines() if line.startswith("not there")]
    assert named == [
        f"not there: state folder: /proc/nope: {NONE}",
        f"not there: home of system “local”: {tmp_path}/no-home: {NONE}",
        f"not there: home of system “file”: {tmp_path}/there.nc: Not a directory",
        f"not there: data set “b”: {tmp_path}/absent.nc: {NONE}",
        f"not there: survey “t”: {tmp_path}/day/**/*.fits: no file has such a path",
    ]
    assert "no mistakes\n" not in done.output
    assert "3 data sets: a, b, store" in done.output


def test_what_is_not_there_is_logged_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = DatasetSource(id="b", source=tmp_path / "absent.nc")
    config = Config(gateway=Gateway(state=tmp_path), datasets=[source])
    warn_of_absent(config)
    deadline = time.monotonic() + 60
    while not caplog.messages:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    text = f"This path cannot be used: data set “b”: {tmp_path}/absent.nc: {NONE}"
    assert caplog.messages == [text]


def test_mistakes_are_named_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    path.write_text('[gateway]\ntitel = "Ours"\n[limits]\nreaders = 0\n')
    done = CliRunner().invoke(main, ["check", "--config", str(path)])
    assert done.exit_code == 1
    assert f"{path}: line 2: gateway.titel: there is no such setting" in done.output
    assert "line 4: limits.readers" in done.output


def test_without_a_file_it_says_what_it_needs() -> None:
    done = CliRunner().invoke(main, ["check"])
    assert done.exit_code == 2
    assert "Name the configuration file" in done.output


def test_the_reference_can_be_printed() -> None:
    done = CliRunner().invoke(main, ["check", "--reference"])
    assert done.output.startswith("# Configuration\n")


def test_all_commands_are_listed_and_unknown_ones_refused() -> None:
    assert "demo" in CliRunner().invoke(main, ["--help"]).output
    assert CliRunner().invoke(main, ["nothing"]).exit_code == 2


def test_broker_and_authn_that_do_not_run_are_named() -> None:
    """The file has no mistake for that: it is checked before they are started."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "gatewright.toml"
        path.write_text(
            '[gateway]\nstate = "s"\n[identity]\nmode = "multi-user"\n'
            '[broker]\nsocket = "b"\n[authn]\nsocket = "a"\n'
        )
        done = CliRunner().invoke(main, ["check", str(path)])
        assert done.exit_code == 0, done.output
        assert f"not running: “gatewright broker”: {folder}/b: {NONE}" in done.output
        assert f"not running: “gatewright authn”: {folder}/a: {NONE}" in done.output
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as broker,
            socket.socket(socket.AF_UNIX) as authn,
        ):
            broker.bind(f"{folder}/b")
            authn.bind(f"{folder}/a")
            broker.listen()
            done = CliRunner().invoke(main, ["check", str(path)])
            assert "gatewright broker" not in done.output
            assert f"authn”: {folder}/a: Connection refused" in done.output
            authn.listen()
            done = CliRunner().invoke(main, ["check", str(path)])
            assert "not running" not in done.output
