"""What the configuration of a gateway for many people may say, and what not."""

from pathlib import Path

import pytest

from gatewright.core.config_file import ConfigurationError, load_config, parse_config

MANY = """
[identity]
mode = "multi-user"
login = ["pam"]
"""


def test_paths_of_the_broker_begin_in_the_file_s_folder(tmp_path: Path) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text(MANY + '[broker]\nsocket = "run/socket"\nkey = "/etc/key"\n')
    config = load_config(file)
    assert config.multi_user
    assert config.broker.socket == tmp_path / "run" / "socket"
    assert config.broker.key == Path("/etc/key")
    assert config.authn.state == Path("/var/lib/gatewright-authn")
    file.write_text(MANY + '[authn]\nsocket = "run/authn"\nstate = "kept"\n')
    config = load_config(file)
    assert config.authn.socket == tmp_path / "run" / "authn"
    assert config.authn.state == tmp_path / "kept"


def test_one_user_is_what_it_is_without_a_word(tmp_path: Path) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text("")
    assert not load_config(file).multi_user


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[authn]\naccount = "gatewright"', "each needs its own"),
        ('owner = "ada"', "leave out “owner”"),
        ('[[systems]]\nname = "here"', "needs another scheduler in multi-user mode"),
        ("[gateway]\nprocesses = 5", "“workers_per_user” of .broker. be 5 or more"),
        (
            '[[systems]]\nname = "here"\nscheduler = "none"\nhome = "/srv"',
            "leave out “home” of the system “here”",
        ),
    ],
)
def test_what_would_make_people_one_is_refused(
    tmp_path: Path, more: str, words: str
) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text(MANY + more)
    with pytest.raises(ConfigurationError, match=words):
        load_config(file)


def test_providers_lead_to_unix_accounts_which_something_has_to_know() -> None:
    provider = """
[[identity.providers]]
name = "centre"
issuer = "https://sso.example.org"
client_id = "x"
accounts = [{ account = "{sub}" }]
"""
    assert parse_config(MANY + provider).identity.providers[0].name == "centre"
    with pytest.raises(ConfigurationError, match="lead to Unix accounts, which “pam”"):
        parse_config(MANY.replace('"pam"', '"local"') + provider)
