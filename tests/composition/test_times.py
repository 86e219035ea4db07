"""Tables of times beside the files of a survey."""

from pathlib import Path

import pytest

from gatewright.composition.sky import times_of
from gatewright.core.config import SurveySource
from gatewright.core.errors import InvalidRequest


def test_a_table_has_a_time_for_each_file(tmp_path: Path) -> None:
    table = tmp_path / "times.csv"
    table.write_bytes(b"\xef\xbb\xbffile,time\r\na.fits, 58000 \r\nb.fits,2018-08\r\n")
    source = SurveySource(id="s", images="/x/*.fits", times=table)
    assert times_of(source) == {"a.fits": "58000", "b.fits": "2018-08"}
    assert times_of(SurveySource(id="s", images="/x/*.fits")) == {}


@pytest.mark.parametrize("text", [b"name,mjd\na,1\n", b"file,time\na\n", b"\xff\xfe"])
def test_a_table_of_another_form_has_a_clear_message(
    tmp_path: Path, text: bytes
) -> None:
    table = tmp_path / "times.csv"
    table.write_bytes(text)
    with pytest.raises(InvalidRequest, match="table of times"):
        times_of(SurveySource(id="s", images="/x/*.fits", times=table))
    with pytest.raises(InvalidRequest, match="cannot be read"):
        times_of(SurveySource(id="s", images="/x/*.fits", times=tmp_path / "none"))
