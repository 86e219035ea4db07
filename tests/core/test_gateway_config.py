"""What the settings of ``[gateway]`` may be: those that never work are refused."""

import pytest

from gatewright.core.config import Gateway
from gatewright.core.config_file import ConfigurationError, parse_config

PLACE = "line 2: gateway."


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_config(text)
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('listen = "gate way:80"', "listen: “gate way” is no name of a host"),
        ('listen = "http://127.0.0.1:80"', "listen: “http://127.0.0.1” is no address"),
        ('listen = "999.1.1.1:80"', "listen: “999.1.1.1” is no address of a machine"),
        ('listen = "[::g]:80"', "listen: “[::g]” is no address of a machine"),
        ('url = "https://a:b"', "url: it has to begin with http"),
        ('url = "https://a:99999"', "url: it has to begin with http"),
        ('url = "https://[::1"', "url: it has to begin with http"),
        ('url = "https://*.example"', "url: it has to begin with http"),
        ('url = "https://a.example/a b"', "url: its path has to be names of letters"),
        ('allowed_hosts = ["*"]', "allowed_hosts: “*” is no name of a host"),
        ('allowed_hosts = ["*.a"]', "allowed_hosts: “*.a” is no name of a host"),
        ('allowed_hosts = ["a:80"]', "allowed_hosts: “a:80” is no name of a host"),
        ('allowed_hosts = ["https://a"]', "allowed_hosts: “https://a” is no name"),
        ('cors_origins = ["https://*.a"]', "cors_origins: “https://*.a” is no origin"),
        ('cors_origins = ["http://a:0x"]', "cors_origins: “http://a:0x” is no origin"),
        ('cors_origins = ["http://a:70000"]', "cors_origins: “http://a:70000” is no"),
        ('cors_origins = ["http://ä.de"]', "cors_origins: “http://ä.de” is no origin"),
        ('trusted_proxies = ["10.0.0.1/8"]', "trusted_proxies: “10.0.0.1/8” is within"),
        ('trusted_proxies = ["proxy"]', "trusted_proxies: “proxy” is no address"),
        ('database = "postgresql://h:port/x"', "database: it has to be postgresql://"),
        ('database = "postgresql://u:p/w@h/x"', "database: it has to be postgresql://"),
    ],
)
def test_a_value_that_never_works_is_refused(setting: str, said: str) -> None:
    (found,) = mistakes(f"[gateway]\n{setting}\n")
    assert found.startswith(PLACE + said)


@pytest.mark.parametrize(
    "address", ["[::1]:8000", "::1:8000", "0.0.0.0:0", "localhost:80", "gw_1.lan:80"]
)
def test_addresses_to_listen_on(address: str) -> None:
    assert Gateway(listen=address).listen == address


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql:///gateway?host=/run/postgresql",
        "postgresql://gw:p@ss@db.example/gateway",
        "postgresql://gw:p%2Fw@db.example:5432/gateway",
        "postgresql://gw@a:5432,b:5433/gateway?target_session_attrs=read-write",
        "postgres://gw@[::1]:5432/gateway",
    ],
)
def test_addresses_of_databases(url: str) -> None:
    assert Gateway(database=url).database == url


def test_names_are_as_browsers_send_them() -> None:
    """RFC 6454, section 6.2: in lower case, and without the scheme's own port."""
    gateway = Gateway(
        cors_origins=[
            "https://Pages.Example:443",
            "http://a:0080",
            "http://[::1]:8443",
        ],
        allowed_hosts=["Gateway.LAN", "[2001:DB8::1]"],
    )
    assert gateway.cors_origins == [
        "https://pages.example",
        "http://a",
        "http://[::1]:8443",
    ]
    assert gateway.allowed_hosts == ["gateway.lan", "[2001:db8::1]"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "a"\ntitle = "b"\n', "line 3: title: it is set twice"),
        ("title = Ours\n", "line 2: title: its value is none of TOML; text has to be"),
        ("[gateway]\n", "line 2: this table stands twice; put its settings together"),
    ],
)
def test_what_is_no_toml_is_told_with_its_key(text: str, said: str) -> None:
    (found,) = mistakes("[gateway]\n" + text)
    assert found.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[identity]\nlogin = "local"\n', "identity.login: it has to be a list, in"),
        (
            "[identity]\nlogin = []\n",
            "identity.login: it has to have at least one entry",
        ),
        ('[discovery]\nclasses = [" x"]\n', "discovery.classes: “ x” is no name of a"),
        (
            '[identity]\nlogin = ["pam"]\n',
            'identity: signing in by “pam” needs mode = "m',
        ),
        ('[identity.pam]\nadmins = "a"\n', "identity.pam: add “pam” to “login” of [id"),
        (
            "[identity]\nsession_seconds = 1_000_000_000\n",
            "identity.session_seconds: it",
        ),
        (
            "[limits]\ncommand_seconds = 1e300\n",
            "limits.command_seconds: it has to be a",
        ),
        (
            '[[systems]]\nscheduler = "slurm"\nname = "a"\ncores = 4\n',
            "systems[1].cores: there is no such setting here; it belongs to",
        ),
        (
            '[[systems]]\nname = "a"\nqueues = ["a b"]\n',
            "systems[1].queues: it has to be a name: at most 128 letters, digits, “.”,",
        ),
    ],
)
def test_other_settings_are_explained_in_plain_words(text: str, said: str) -> None:
    (found,) = mistakes(text)
    assert found.partition(": ")[2].startswith(said)
    assert "tuple" not in found.lower()
    assert ", or" not in found
