"""``gatewright check`` says what a file makes, or every mistake with its line."""

from pathlib import Path

from click.testing import CliRunner

from gatewright.cli.main import main


def test_a_right_file_is_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    path.write_text(
        '[gateway]\ntitle = "Ours"\nstate = "s"\n[[systems]]\nname = "local"\n'
        '[[datasets]]\nid = "a"\nsource = "a.nc"\n'
    )
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 0
    assert "Ours at http://127.0.0.1:8000" in done.output
    assert "1 system: local" in done.output
    assert "0 surveys" in done.output


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
