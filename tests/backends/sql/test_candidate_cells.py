"""Pages of wide circles, merged from the cells of the sky that a circle touches."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from gatewright.backends.sql import Database, candidate_pages
from gatewright.backends.sql.candidate_cells import cells_of
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.domains.discovery import (
    Candidate,
    CandidateQuery,
    Choice,
    Claim,
    Cone,
    Finding,
    Origin,
)

SEEN = ("night", "team")
CENTRES = ((0.0, 5.0), (359.999, -40.0), (100.0, 90.0), (200.0, -89.0), (29.9, 60.02))


def spread(many: int) -> list[tuple[float, float]]:
    """Return places over the whole sky, many of them near poles, edges and centres."""
    dice = np.random.default_rng(11)
    ra = dice.uniform(0, 360, many)
    dec = np.degrees(np.arcsin(dice.uniform(-1, 1, many)))
    ra[::5] = dice.choice([0.0, 30.0, 180.0, 359.9999999, 360.0], len(ra[::5]))
    dec[::7] = dice.choice([-90.0, -59.9666666, 0.05, 89.99, 90.0], len(dec[::7]))
    return list(zip(ra.tolist(), dec.tolist(), strict=True))


def separations(places: Sequence[tuple[float, float]], cone: Cone) -> np.ndarray:
    """Return the distances of places from the centre of a circle (haversines)."""
    ra, dec = np.radians(np.asarray(places)).T
    a, d = math.radians(cone.ra), math.radians(cone.dec)
    half = np.sin((dec - d) / 2) ** 2
    half += np.cos(dec) * math.cos(d) * np.sin((ra - a) / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.minimum(half, 1)))))


@pytest.mark.parametrize("radius", [0.001, 1.0, 10.0, 29.9, 60.0, 89.0, 91.0, 179.0])
def test_the_cells_of_a_circle_have_all_that_is_in_it(radius: float) -> None:
    places = spread(3000)
    for ra, dec in (*CENTRES, *spread(40)):
        cone = Cone(ra, dec, radius)
        cells = cells_of(cone, unscanned=False)
        assert len(cells) == len(set(cells))
        inside = separations(places, cone) <= radius
        for (east, north), near in zip(places, inside, strict=True):
            # Bands of 1801 minutes of arc, and sectors of 30 degrees.
            band = math.floor((north + 90) * 60) // 1801
            cell = 24 * band + 2 * min(int(east // 30), 11)
            assert not near or (cell in cells and cell + 1 in cells)
        free = cells_of(cone, unscanned=True)
        assert free == [cell for cell in cells if cell % 2 == 0]


async def filled(store: SqlCandidates) -> list[Candidate]:
    """Store candidates of three differences, many of equal strength and score."""
    dice = np.random.default_rng(5)
    for number, surveys in enumerate((["night"], ["night", "team"], ["other"])):
        found = [
            Finding(
                *(n, ra % 360.0, dec, 1.0, 1.0, float(dice.integers(5, 25)), 1.0, 1.0),
                features={},
                score=None if n % 4 == 0 else float(dice.integers(0, 10)) / 10,
            )
            for n, (ra, dec) in enumerate(spread(240))
        ]
        await store.add(Origin(f"d-{number}", surveys), found)
    page = await store.page(SEEN, CandidateQuery(), person="", limit=1000)
    for one in page.items[::6]:
        await store.vote(one.id, "ada", Choice.REAL, 1.0)
    page = await store.page(SEEN, CandidateQuery(), person="", limit=1000)
    return list(page.items)


def wanted(every: Sequence[Candidate], query: CandidateQuery) -> list[str]:
    """Return what a query finds, in its order, by NumPy and Python."""
    assert query.place is not None
    places = [(one.finding.ra, one.finding.dec) for one in every]
    near = separations(places, query.place) <= query.place.radius
    least = query.min_score
    found = [
        one
        for one, inside in zip(every, near, strict=True)
        if inside
        and (not query.unscanned or one.votes.real == 0)
        and (not query.surveys or set(query.surveys) & set(one.origin.surveys))
        and (least is None or (one.finding.score or -1.0) >= least)
    ]

    def key(one: Candidate) -> tuple[float, str]:
        value = one.finding.snr if least is None else one.finding.score
        return value or 0.0, one.id

    return [one.id for one in sorted(found, key=key, reverse=True)]


@pytest.mark.parametrize("examined", [60, 5000])
async def test_pages_of_wide_circles_are_those_of_a_search_without_an_index(
    databases: tuple[Database, Database],
    monkeypatch: pytest.MonkeyPatch,
    examined: int,
) -> None:
    """Also where a page ends among equals, at poles and at right ascension 0."""
    monkeypatch.setattr(candidate_pages, "SORTED", -1)
    monkeypatch.setattr(candidate_pages, "EXAMINED_PLACES", examined)
    monkeypatch.setattr(candidate_pages, "EXAMINED_NEAR", examined)
    monkeypatch.setattr(candidate_pages, "_LEAST_EXAMINED", 2)
    store = SqlCandidates(databases[0])
    every = await filled(store)
    for ra, dec in CENTRES:
        for radius in (2.0, 30.0, 80.0):
            place = Cone(ra, dec, radius)
            for query in (
                CandidateQuery(place=place),
                CandidateQuery(place=place, unscanned=True),
                CandidateQuery(place=place, min_score=0.3),
                CandidateQuery(place=place, min_score=0.5, surveys=("team",)),
            ):
                found: list[str] = []
                cursor, pages = None, 0
                while cursor is not None or not pages:
                    page = await store.page(
                        SEEN, query, person="", limit=9, cursor=cursor
                    )
                    found += [one.id for one in page.items]
                    cursor, pages = page.next, pages + 1
                assert found == wanted(every, query)


async def test_a_claim_within_a_wide_circle_looks_further(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate_pages, "EXAMINED_PLACES", 12)
    monkeypatch.setattr(candidate_pages, "EXAMINED_NEAR", 12)
    monkeypatch.setattr(candidate_pages, "_LEAST_EXAMINED", 2)
    store = SqlCandidates(databases[0])
    query = CandidateQuery(place=Cone(0.0, 5.0, 30.0), unscanned=True, min_score=0.3)
    strongest = wanted(await filled(store), query)
    given: list[str] = []
    cursor: str | None = None
    while cursor is not None or not given:
        claim = Claim("bob", 2.0, 60.0)
        page = await store.claim(SEEN, query, claim, 30, cursor)
        given += [one.id for one in page.items]
        cursor = page.next
    assert given == strongest
