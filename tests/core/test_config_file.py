"""The configuration file: what is right is read, what is wrong is named by line."""

import tomllib
from pathlib import Path

import pytest

from gatewright.core.config import Config, DatasetSource, System
from gatewright.core.config_file import ConfigurationError, load_config, parse_config
from gatewright.core.config_text import reference, to_toml

WRONG = """\
[gateway]
title = "Demo"
listn = "127.0.0.1:8000"
processes = 0

[[systems]]
name = "local"

[[systems]]
name = "../x"

[[datasets]]
source = "a.nc"
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_config(text)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_every_mistake_is_named_with_its_line() -> None:
    found = mistakes(WRONG)
    assert found[0] == "line 3: gateway.listn: there is no such setting"
    assert found[1].startswith("line 4: gateway.processes: ")
    assert found[2].startswith("line 10: systems.1.name: ")
    assert found[3].startswith("line 12: datasets.0.id: ")
    assert len(found) == 4


def test_a_name_given_twice_is_refused() -> None:
    text = '[[systems]]\nname = "a"\n[[systems]]\nname = "a"\n'
    assert mistakes(text) == ["line 1: systems: “a” is named twice"]


@pytest.mark.parametrize(
    ("text", "line"), [("a = \n", 1), ("[gateway]\ntitle = 'x\n", 2), ("[a", 1)]
)
def test_what_is_not_toml_is_named_with_its_line(text: str, line: int) -> None:
    assert mistakes(text)[0].startswith(f"line {line}: ")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "gatewright.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"gatewright\.toml"):
        load_config(path)


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gatewright.toml"
    path.write_text(
        '[gateway]\nstate = "s"\n[[systems]]\nname = "local"\nhome = "h"\nroot = "r"\n'
        '[[datasets]]\nid = "a"\nsource = "a.nc"\n'
        '[[surveys]]\nid = "b"\nimages = "/data/**/*.fits"\n'
    )
    config = load_config(path)
    assert config.gateway.state == tmp_path / "s"
    assert config.systems[0].home == tmp_path / "h"
    assert config.systems[0].model_extra == {"root": tmp_path / "r"}
    assert config.datasets[0].source == tmp_path / "a.nc"
    assert config.surveys[0].images == "/data/**/*.fits"


def test_a_written_configuration_reads_back_the_same() -> None:
    config = Config(
        systems=[System(name="local", home=Path("/h\u00e9"), scheduler="processes")],
        datasets=[DatasetSource(id="a", source=Path('/x/"q".nc'), access=["ada"])],
    )
    assert Config.model_validate(tomllib.loads(to_toml(config))) == config


def test_the_address_is_made_from_where_it_listens() -> None:
    assert Config().url == "http://127.0.0.1:8000"
    assert (
        parse_config('[gateway]\nurl = "https://g.example/"').url == "https://g.example"
    )


def test_the_reference_names_every_setting() -> None:
    page = reference()
    for section in Config.model_fields:
        assert section in page
    assert "| `title` | text |" in page
    assert "| `source` | text | required |" in page
    assert "`sqlite`" in page
