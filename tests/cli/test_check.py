"""``gatewright check`` says what a file makes, or every mistake with its line."""

import socket
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.postgresql import Server

from gatewright.cli.main import main
from gatewright.cli.serve import warn_of_absent
from gatewright.composition import open_services
from gatewright.core.config import Config, DatasetSource, Gateway
from gatewright.core.config_file import load_config
from gatewright.core.errors import InvalidRequest

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


SURVEY = '[[surveys]]\nid = "s"\nimages = "/nowhere/*.fits"\n'
PROVIDER = (
    '[[identity.providers]]\nname = "p"\nissuer = "https://id.example"\n'
    'client_id = "c"\n'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[gateway]\nurl = "https://a.example/api"\n', "line 2: gateway.url: The path"),
        ('[gateway]\nplaces = "no.csv"\n', "line 2: gateway.places: The table of"),
        (SURVEY + 'filters = { VR = "760-500" }\n', "line 4: surveys[1].filters: “760"),
        (SURVEY + 'kinds = { "*" = "wieght" }\n', "line 4: surveys[1].kinds: “wieght”"),
        (SURVEY + 'keywords = { strat = "A" }\n', "line 4: surveys[1].keywords: A key"),
        (SURVEY + 'times = "no.csv"\n', "line 4: surveys[1].times: The table of times"),
        (
            PROVIDER + 'client_secret_file = "no"\nprogram = ["/bin/true"]\n',
            "line 5: identity.providers[1].client_secret_file: The secret",
        ),
    ],
)
def test_what_the_start_would_refuse_is_a_mistake(
    tmp_path: Path, text: str, said: str
) -> None:
    """The same text ends the start: an operator checks before stopping the old one."""
    path = tmp_path / "gatewright.toml"
    path.write_text(text)
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 1
    assert f"Error: {path}: {said}" in done.output


async def test_the_start_refuses_it_too(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    path.write_text(f'[gateway]\nstate = "s"\n{SURVEY}kinds = {{ "*" = "wieght" }}\n')
    async with AsyncExitStack() as stack:
        with pytest.raises(InvalidRequest, match="wieght"):
            await stack.enter_async_context(open_services(load_config(path)))


def test_files_that_only_a_later_request_would_miss_are_named(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    (tmp_path / "images.fits").touch()
    (tmp_path / "program").touch(mode=0o600)
    (tmp_path / "home").mkdir()
    (tmp_path / "root").mkdir()
    path.write_text(
        '[gateway]\nstate = "s"\n'
        '[[systems]]\nname = "a"\nhome = "home"\nroot = "root"\n'
        '[[systems]]\nname = "b"\nroot = "no-root"\n'
        '[[systems]]\nname = "c"\nscheduler = "slurm"\nbin_dir = "/no-bin"\n'
        f'{PROVIDER}program = ["{tmp_path}/program"]\n'
        '[[surveys]]\nid = "s"\nimages = "images.fits"\n[surveys.catalogue]\n'
        'file = "no.csv"\nsystem = "AB"\nbands = { r = ["r", "e"] }\n'
    )
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 1
    named = [line for line in done.output.splitlines() if line.startswith("not there")]
    outside = f"it is not below its root {tmp_path}/root, which is used instead"
    assert named == [
        f"not there: home of system “a”: {tmp_path}/home: {outside}",
        f"not there: root of system “b”: {tmp_path}/no-root: {NONE}",
        f"not there: bin_dir of system “c”: /no-bin: {NONE}",
        f"not there: catalogue of survey “s”: {tmp_path}/no.csv: {NONE}",
        f"not there: program of “p”: {tmp_path}/program: it may not be run",
    ]
    assert "The gateway starts without those" in done.output


def test_a_state_folder_that_cannot_be_made_is_an_end(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    path.write_text('[gateway]\nstate = "/proc/nope"\n')
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 1
    assert "does not start without its folder" in done.output


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("host=/nowhere", NONE),
        ("host=127.0.0.1&port=1", "Connect call failed"),
    ],
)
def test_a_database_that_does_not_answer_is_named_with_the_reason(
    tmp_path: Path, query: str, why: str
) -> None:
    path = tmp_path / "gatewright.toml"
    url = f"postgresql://gw:very-secret@/gateway?{query}"
    path.write_text(f'[gateway]\nstate = "s"\ndatabase = "{url}"\n')
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 1
    assert why in done.output
    assert "“database” of [gateway] is its address" in done.output
    assert "very-secret" not in done.output


@pytest.mark.parametrize(("name", "code"), [("postgres", 0), ("nowhere", 1)])
def test_the_database_of_the_file_is_asked(
    tmp_path: Path, postgresql_server: Server, name: str, code: int
) -> None:
    path = tmp_path / "gatewright.toml"
    url = postgresql_server.url(name)
    path.write_text(f'[gateway]\nstate = "s"\ndatabase = "{url}"\n')
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == code, done.output
    assert ('database "nowhere" does not exist' in done.output) == bool(code)


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
