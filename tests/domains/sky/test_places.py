"""Places as people write them, compared with astropy's SkyCoord."""

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import Place, Places, named_places, parse_place


@pytest.mark.parametrize(
    "text",
    [
        "21:12:26.0 -66:00:56", "21 12 26.0 -66 00 56", "21h12m26.0s -66d00m56s",
        "21h12m26.0s-66d00m56s", "+21:12:26., -66:00:56.0", "  00:00:00 -00:00:30 ",
        "23:59:59.999 +89:59:59.99", "0 0 0.5 0 0 .25",
    ],
)  # fmt: skip
def test_sexagesimal_is_what_astropy_reads(text: str) -> None:
    theirs = SkyCoord(text.replace(",", ""), unit=(u.hourangle, u.deg))
    place = parse_place(text)
    assert place is not None
    assert place.ra == pytest.approx(theirs.ra.deg, abs=1e-11)
    assert place.dec == pytest.approx(theirs.dec.deg, abs=1e-11)
    assert place.radius is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("318.1,-66.0", Place(318.1, -66.0)),
        ("318.1, -66.0, 0.01", Place(318.1, -66.0, 0.01)),
        (" 318.1 -66 1e-3 ", Place(318.1, -66.0, 0.001)),
        ("0,+90,180", Place(0.0, 90.0, 180.0)),
        ("15d30m00s -1d30m00s", Place(15.5, -1.5)),
        ('15°30\'00" \N{MINUS SIGN}1°30\N{PRIME}00"', Place(15.5, -1.5)),
        ("01:00:00 02:30:00 0.25", Place(15.0, 2.5, 0.25)),
        ("01:00:00, 02:30:00, .25", Place(15.0, 2.5, 0.25)),
    ],
)
def test_other_ways_to_write_it(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "", "M 31", "12", "1 2 3 4", "1 2 3 4 5", "1,2,3,4", "-1:00:00 2:00:00",
        "1:2 3:4", "nan 2", "inf,3", "0x1,2", "1_0,2", "1" * 300 + " 2",
    ],
)  # fmt: skip
def test_what_is_no_coordinate(text: str) -> None:
    assert parse_place(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("361,0", "right ascension"), ("-1,0", "right ascension"),
        ("24:00:00 0:00:00", "24 hours"), ("361d00m00s 0d00m00s", "360"),
        ("0,91", "declination"), ("0:00:00 -90:00:01", "declination"),
        ("0:60:00 0:00:00", "below 60"), ("0:00:00 0:00:60", "below 60"),
        ("0,0,181", "radius"), ("0,0,-1", "radius"), ("1,1e999", "declination"),
    ],
)  # fmt: skip
def test_what_is_out_of_range(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        parse_place(text)


def row(name: str, ra: str, dec: str, **more: str) -> dict[str, str]:
    return {"name": name, "ra": ra, "dec": dec, **more}


def test_names_of_a_table() -> None:
    table = [
        row("M 31", "10.6847", "41.2687", radius="1.5"),
        row("SN 1987A", "05:35:28.02", "-69:16:11.1", radius=""),
        row("m31", "10.6847", "41.2687", radius="1.5"),
    ]
    places = Places(named_places(table))
    assert places.region_text("m 31") == "CIRCLE 10.6847 41.2687 1.5"
    supernova = places.find(" sn1987a")
    theirs = SkyCoord("05:35:28.02 -69:16:11.1", unit=(u.hourangle, u.deg))
    assert supernova.ra == pytest.approx(theirs.ra.deg)
    assert supernova.dec == pytest.approx(theirs.dec.deg)
    assert places.region_text("1,2,3") == "CIRCLE 1.0 2.0 3.0"
    assert places.region_text("RANGE 1 2 3 4") == "RANGE 1 2 3 4"
    for name in ("M 32", "M 3", "M 311", ""):
        with pytest.raises(InvalidRequest, match="no place"):
            places.find(name)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (row("", "1", "2"), "needs a name"),
        (row("x", "1", ""), "needs a name"),
        (row("x", "one", "2"), "needs a name"),
        ({"name": "x", "ra": "1"}, "needs a name"),
        (row("x", "1", "92"), "declination"),
        (row("M31", "1", "2"), "two places"),
        (row("1 2", "1", "2"), "reads as a place"),
        (row("CIRCLE", "1", "2"), "reads as a place"),
    ],
)
def test_lines_that_are_wrong(second: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^Line 3: .*{words}"):
        named_places([row("M 31", "10.6847", "41.2687"), second])
