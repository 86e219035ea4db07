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
    assert (
        found[0] == "line 3: gateway.listn: there is no such setting; “listen” is one"
    )
    assert found[1].startswith("line 4: gateway.processes: ")
    assert found[2].startswith("line 10: systems[2].name: ")
    assert found[3].startswith("line 12: datasets[1].id: ")
    assert len(found) == 4


EVERY_KIND = """\
titel = "x"
[gateway]
title = 5
processes = 0
allowed_hosts = "a"
url = "ftp://x"
listen = "nowhere"
database = "mysql://x"
cors_origins = ["https://a.example/", "b"]
[identity]
mode = "many"
owner = "a b"
session_seconds = "long"
[[systems]]
name = "local"
[[datasets]]
id = "d"
source = 3
access = "nobody"
[[surveys]]
id = "s"
[limits]
readers = 1.5
"""
"""A file with each kind of mistake."""


def test_mistakes_are_said_in_plain_words() -> None:
    name = (
        "it has to be a name: at most 128 letters, digits, “.”, “_” and “-”, with a "
        "letter or digit first"
    )
    origin = "“https://a.example/” is no origin, such as https://pages.example.org"
    number = "it has to be a whole number"
    access = (
        "it has to be 'public' or 'users', or it has to be a list, in square brackets"
    )
    assert mistakes(EVERY_KIND) == [
        "line 1: titel: there is no such setting",
        "line 3: gateway.title: it has to be text, in quotes",
        "line 4: gateway.processes: it has to be at least 1",
        "line 5: gateway.allowed_hosts: it has to be a list, in square brackets",
        "line 6: gateway.url: it has to begin with http:// or https:// and name a host",
        "line 7: gateway.listen: it has to be HOST:PORT, such as 127.0.0.1:8000",
        "line 8: gateway.database: it has to be “sqlite” or begin with postgresql://",
        f"line 9: gateway.cors_origins: {origin}",
        "line 11: identity.mode: it has to be 'single-user' or 'multi-user'",
        f"line 12: identity.owner: {name}",
        f"line 13: identity.session_seconds: {number}, without quotes",
        "line 18: datasets[1].source: it has to be a path, in quotes",
        f"line 19: datasets[1].access: {access}",
        "line 20: surveys[1].images: it is required",
        f"line 23: limits.readers: {number}",
    ]


def test_what_plug_ins_find_is_named_beside_other_mistakes() -> None:
    text = (
        '[gateway]\nfaces = ["api", "nope", 5]\ntitle = 5\n'
        '[[systems]]\nname = "a/b"\ncores = "x"\n'
        '[[systems]]\nname = "c"\nscheduler = "nope"\ncores = "x"\n'
        '[[systems]]\nname = "d"\ncores = "x"\n'
    )
    found = mistakes(text)
    assert [line.split(": ")[:2] for line in found] == [
        ["line 2", "gateway.faces"],
        ["line 3", "gateway.title"],
        ["line 5", "systems[1].name"],
        ["line 9", "systems[2].scheduler"],
        ["line 13", "systems[3].cores"],
    ]
    assert "there is no face “nope”; installed: api, " in found[0]


@pytest.mark.parametrize("text", ["gateway = 3\n", "systems = 3\n", "systems = [3]\n"])
def test_a_table_that_is_none_is_one_mistake(text: str) -> None:
    assert len(mistakes(text)) == 1


def test_a_face_that_is_not_installed_is_named() -> None:
    (found,) = mistakes('[gateway]\ntitle = "x"\nfaces = ["apis"]\n')
    assert found.startswith(
        "line 3: gateway.faces: there is no face “apis”; installed:"
    )


@pytest.mark.parametrize("number", ["inf", "nan"])
def test_a_limit_is_a_number(number: str) -> None:
    (found,) = mistakes(f"[limits]\nheader_seconds = {number}\n")
    assert found == "line 2: limits.header_seconds: it has to be a finite number"


def test_a_setting_of_a_system_that_may_have_been_meant() -> None:
    text = '[[systems]]\nname = "local"\nroots = "/"\n'
    (found,) = mistakes(text)
    assert found.endswith("systems[1].roots: there is no such setting; “root” is one")


def test_a_name_given_twice_is_refused() -> None:
    text = '[[systems]]\nname = "a"\n[[systems]]\nname = "a"\n'
    assert mistakes(text) == ["line 1: systems: “a” is named twice"]


@pytest.mark.parametrize("name", ["incidents", "motd"])
def test_a_system_s_name_is_no_address_of_the_status(name: str) -> None:
    (found,) = mistakes(f'[[systems]]\nname = "{name}"\n')
    assert found.endswith("is an address of the status; choose another"), found


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


@pytest.mark.parametrize(
    ("url", "address", "prefix"),
    [
        ("https://a.example", "https://a.example", ""),
        ("https://a.example/", "https://a.example", ""),
        ("https://a.example/gw/", "https://a.example/gw", "/gw"),
        ("http://[::1]:80/a/b-c_d.e", "http://[::1]:80/a/b-c_d.e", "/a/b-c_d.e"),
    ],
)
def test_the_address_may_have_a_path(url: str, address: str, prefix: str) -> None:
    config = parse_config(f'[gateway]\nurl = "{url}"\n')
    assert (config.url, config.prefix) == (address, prefix)


@pytest.mark.parametrize("path", ["//a", "/a//b", "/..", "/.a", "/a b", "/a%20b", "/é"])
def test_a_text_that_is_no_path_is_refused(path: str) -> None:
    (mistake,) = mistakes(f'[gateway]\nurl = "https://a.example{path}"\n')
    assert "its path has to be names" in mistake
