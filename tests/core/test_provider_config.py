"""What the configuration may say of identity providers, and what not."""

from pathlib import Path

import pytest

from gatewright.core.config import Config
from gatewright.core.config_file import ConfigurationError, load_config, parse_config
from gatewright.core.config_text import to_toml

WHOLE = """\
[[identity.providers]]
name = "centre"
title = "The centre's account"
issuer = "https://sso.example.org/realms/centre"
client_id = "gatewright"
client_secret_file = "centre.secret"
hosts = ["keys.example.org"]

[[identity.providers.accounts]]
account = "ada"
where = { sub = "248289761001", "https://example.org/groups" = ["a", "b"] }

[[identity.providers.accounts]]
account = "{preferred_username}"
where = { "realm_access.roles" = "gateway", level = 2, member = true }

[[identity.providers]]
name = "campus"
issuer = "http://127.0.0.1:8080"
client_id = "gatewright"
program = ["/usr/local/bin/account-of", "campus"]
"""


def test_all_settings_are_read(tmp_path: Path) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text(WHOLE)
    centre, campus = load_config(file).identity.providers
    assert (centre.shown, campus.shown) == ("The centre's account", "campus")
    assert centre.client_secret_file == tmp_path / "centre.secret"
    assert campus.client_secret_file is None
    assert centre.accounts[1].where["level"] == 2
    assert centre.accounts[1].where["member"] is True
    assert campus.program[1] == "campus"


def test_it_is_written_as_it_is_read() -> None:
    config = parse_config(WHOLE)
    assert parse_config(to_toml(config)) == config
    assert Config().identity.providers == []


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('issuer = "https', 'issuer = "http', r"line 4: .*begin with https://"),
        ('issuer = "https', 'issuer = "ftp', r"line 4: .*begin with https://"),
        ("realms/centre", "realms?x=1", r"line 4: .*no user name, query or fragment"),
        ("sso.example", "ada@sso.example", r"line 4: .*no user name"),
        ("hosts =", "host =", r"line 7: .*no such setting; “hosts” is one"),
        ('account = "ada"', 'account = "{"', r"line 10: .*has to be the name of an"),
        ('account = "ada"', "", r"accounts\[1\].account: it is required"),
        ("where = { sub", "whree = { sub", r"line 11: .*“where” is one"),
        ('"campus"\nissuer', '"centre"\nissuer', r"“centre” is named twice"),
        ('["keys', '["https://keys', r"line 7: .*is no host"),
        ("level = 2", "level = 2.5", r"line 15: .*has to be"),
        ('["/usr', '["usr', r"line 21: .*whole path of the program"),
        ("program =", "scopes =", r"line 21: .*“openid” among them"),
        ('program = ["/usr/local/bin/account-of", "campus"]', "", r"nobody has one"),
        ("client_secret_file", 'program = ["/x"]\n#', r"either “accounts” .rules. or"),
        ('title = "', 'algorithms = ["HS256"]\n# "', r"algorithms.*line 3|line 3"),
        ('title = "', 'algorithms = ["none"]\n# "', r"line 3"),
        ('title = "', 'algorithms = []\n# "', r"line 3"),
    ],
)
def test_mistakes_are_named_with_their_line(old: str, new: str, mistake: str) -> None:
    assert WHOLE.count(old) >= 1
    with pytest.raises(ConfigurationError, match=mistake):
        parse_config(WHOLE.replace(old, new, 1))
