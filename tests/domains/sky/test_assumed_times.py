"""Times of images that a survey's table gives."""

import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import SurveyFile, SurveyRules, check_rules, with_times
from gatewright.testing.square_images import square_image

IMAGE = square_image(1, 10.0, 20.0, 0.5)
FILE = SurveyFile("/data/night/a.fits", "night/a.fits", "1-2-3-4")


@pytest.mark.parametrize("name", ["a.fits", "night/a.fits"])
def test_a_file_has_the_time_of_its_name_or_path(name: str) -> None:
    rules = SurveyRules(times={name: "58000.5 58000.75"})
    found = with_times(IMAGE, FILE, rules)
    assert (found.t_min, found.t_max) == (58000.5, 58000.75)
    assert found.time_assumed


def test_a_path_counts_before_a_name_and_an_open_end_is_not_known() -> None:
    rules = SurveyRules(times={"a.fits": "58000", "night/a.fits": "58001/.."})
    found = with_times(IMAGE, FILE, rules)
    assert (found.t_min, found.t_max) == (58001.0, None)


def test_other_files_keep_the_times_of_their_headers() -> None:
    rules = SurveyRules(times={"b.fits": "58000"})
    assert with_times(IMAGE, FILE, rules) == IMAGE


def test_a_time_that_is_none_is_refused() -> None:
    assert check_rules(SurveyRules(times={"a": "2018-08-10T05:00:00Z"})).times
    with pytest.raises(InvalidRequest):
        check_rules(SurveyRules(times={"a": "last night"}))
