"""What the configuration says of a survey's catalogue of stars."""

from pathlib import Path

import pytest

from gatewright.composition.processing import catalogues_of
from gatewright.core.config_file import ConfigurationError, load_config, parse_config
from gatewright.core.config_text import to_toml
from gatewright.domains.processing import StarCatalogue

WHOLE = """\
[[surveys]]
id = "plain"
images = "plain/*.fits"

[[surveys]]
id = "deep"
images = "deep/*.fits"
times = "times.csv"

[surveys.catalogue]
file = "stars/ps1.csv"
system = "AB"
ra = "RAJ2000"

[surveys.catalogue.bands]
r = ["rmag", "e_rmag"]
"""


def test_all_settings_are_read(tmp_path: Path) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text(WHOLE)
    config = load_config(file)
    assert config.surveys[1].times == tmp_path / "times.csv"
    assert catalogues_of(config) == {
        "deep": StarCatalogue(
            path=str((tmp_path / "stars" / "ps1.csv").resolve()),
            name="ps1.csv",
            system="AB",
            ra="RAJ2000",
            dec="dec",
            bands={"r": ("rmag", "e_rmag")},
        )
    }
    again = tmp_path / "again.toml"
    again.write_text(to_toml(config))
    assert load_config(again) == config


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('system = "AB"\n', "", "system"),
        ('system = "AB"', 'system = ""', "system"),
        ("ps1.csv", "ps1.txt", "end with one of .csv"),
        ('["rmag", "e_rmag"]', '["rmag"]', "bands"),
        ('r = ["rmag", "e_rmag"]\n', "", "bands"),
    ],
)
def test_a_catalogue_without_its_system_or_errors_is_refused(
    old: str, new: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_config(WHOLE.replace(old, new))
