"""Where images are, from tables: outlines of few images, cells of many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gatewright.backends.sql.database import Database, Values
from gatewright.backends.sql.footprints import SqlFootprints
from gatewright.backends.sql.healpix import polygon_cells
from gatewright.backends.sql.image_counts import count_images
from gatewright.backends.sql.image_rows import polygon_of, polygon_text
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.core.errors import TooLarge
from gatewright.domains.sky import Image, ImageKind, ImageQuery, Interval
from gatewright.testing.square_images import SURVEY, scanned, square_image

OWN = ImageQuery(surveys=["night"])
WIDE = ((0.0, -10.0), (20.0, -10.0), (20.0, 10.0), (0.0, 10.0))
WIDER = ((20.0, -10.0), (40.0, -10.0), (40.0, 10.0), (20.0, 10.0))


@pytest.fixture
def database(databases: tuple[Database, Database]) -> Database:
    return databases[0]


def rounded(image: Image) -> Image:
    """Return the image with its outline as it is stored."""
    return replace(image, polygon=polygon_of(polygon_text(image.polygon)))


def images() -> list[Image]:
    """Return squares round right ascension 0, and one image with two outlines."""
    made = [
        rounded(
            square_image(n, (358 + n) % 360, 2 * n, 1.5, t_min=58000 + n, band=band)
        )
        for n, band in enumerate("ggrz")
    ]
    made.append(replace(made[0], id="night~mask~0", kind=ImageKind.MASK, hdu=1))
    made.append(replace(square_image(9, 20, 0), polygon=(), pieces=(WIDE, WIDER)))
    return made


async def index_of(database: Database, *found: Image) -> SqlImageIndex:
    index = SqlImageIndex(database)
    await index.save_survey(SURVEY)
    await index.put_files("night", [scanned(image) for image in found])
    return index


def by_hand(*found: Image) -> dict[int, int]:
    total: Counter[int] = Counter()
    for image in found:
        total.update({cell for area in image.areas for cell in polygon_cells(area)})
    return dict(total)


async def test_few_images_have_outlines_and_many_have_cells(database: Database) -> None:
    every = images()
    await index_of(database, *every)
    few = await SqlFootprints(database).footprints(OWN)
    assert few.images == 6
    assert few.cells is None
    assert few.bands == {"g": 3, "r": 1, "z": 1}
    assert few.t_min == 58000.0
    assert few.t_max == pytest.approx(58003.01)
    assert sorted(few.outlines) == sorted(image.areas for image in every)
    many = await SqlFootprints(database, most=5).footprints(OWN)
    assert many.outlines == ()
    assert many.cells == by_hand(*every)
    assert replace(many, cells=None, outlines=few.outlines) == few


async def test_a_selection_is_counted_alone(database: Database) -> None:
    every = images()
    await index_of(database, *every)
    footprints = SqlFootprints(database, most=1)
    science = replace(OWN, kinds=[ImageKind.SCIENCE])
    assert (await footprints.footprints(science)).cells == by_hand(*every[:4], every[5])
    some = replace(science, times=[Interval(58001.0, 58002.5)])
    assert (await footprints.footprints(some)).cells == by_hand(every[1], every[2])
    one = await footprints.footprints(replace(science, bands=["z"]))
    assert one.outlines == [every[3].areas]
    none = await footprints.footprints(replace(OWN, surveys=["other"]))
    assert (none.images, none.t_min, none.outlines) == (0, None, [])


async def test_counts_are_kept_after_a_scan_and_answer_at_once(
    database: Database,
) -> None:
    every = images()
    index = await index_of(database, *every)
    footprints = SqlFootprints(database, most=1, seconds=-1.0)
    science = replace(OWN, kinds=[ImageKind.SCIENCE])
    green = replace(science, bands=["g"])
    with pytest.raises(TooLarge, match="shorter range of times"):
        await footprints.footprints(science)
    await count_images(database, "night", most=1)
    kept = await footprints.footprints(science)
    assert kept.cells == by_hand(*every[:4], every[5])
    assert (kept.images, kept.bands) == (5, {"g": 2, "r": 1, "z": 1})
    assert kept.t_min == 58000.0
    assert kept.t_max == pytest.approx(58003.01)
    assert (await footprints.footprints(green)).cells == by_hand(*every[:2])
    header = replace(science, bands=["g filter"])  # as the header writes it
    assert (await footprints.footprints(header)).cells == by_hand(*every[:2])
    with pytest.raises(TooLarge):
        await footprints.footprints(replace(science, times=[Interval(0.0, 1e5)]))
    more = square_image(20, 100.0, 50.0, band="g")
    await index.put_files("night", [scanned(more)])
    await count_images(database, "night", most=1)
    assert (await footprints.footprints(green)).cells == by_hand(*every[:2], more)
    await index.remove_survey("night")
    await index.save_survey(SURVEY)
    assert (await footprints.footprints(science)).images == 0


async def test_the_last_file_is_counted_where_it_is_after_it_was_replaced(
    database: Database,
) -> None:
    """Number and highest number of the images are then the same as before."""
    first, last = images()[:2]
    index = await index_of(database, first, last)
    await count_images(database, "night", most=1)
    moved = rounded(replace(square_image(1, 100, 50, 1.5), id=last.id, band="g"))
    await index.put_files("night", [replace(scanned(moved), file=scanned(last).file)])
    await count_images(database, "night", most=1)
    kept = await SqlFootprints(database, most=1, seconds=-1.0).footprints(OWN)
    assert kept.cells == by_hand(first, moved)


async def test_the_table_of_cells_is_read_once_whatever_the_number_of_filters(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [
        rounded(replace(square_image(n, 20 * n, 0), filter=f"filter {n}"))
        for n in range(12)
    ]
    index = await index_of(database, *many)
    await index.save_survey(replace(SURVEY, id="other"))
    others = [replace(one, id=f"other{one.id}", survey="other") for one in many]
    await index.put_files("other", [scanned(image) for image in others])
    (row,) = await database.read("SELECT COUNT(*) AS rows FROM cover")
    rows_read, read_values = [], database.read_values

    async def counted(text: str, *values: object) -> Sequence[Values]:
        rows = await read_values(text, *values)
        rows_read.append(len(rows) if "FROM cover" in text else 0)
        return rows

    monkeypatch.setattr(database, "read_values", counted)
    counts = await count_images(database, "night", most=1)
    assert sum(rows_read) == row["rows"]
    assert counts["cells"] == len(by_hand(*many))
    third = replace(OWN, bands=["filter 3"])
    footprints = SqlFootprints(database, most=0, seconds=-1.0)
    assert (await footprints.footprints(third)).cells == by_hand(many[3])


async def test_an_image_of_a_new_filter_during_a_count_is_counted_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = images()[:2]
    index = await index_of(database, first)
    new = replace(last, filter="new")
    late: list[Image] = []
    read_values = database.read_values

    async def read_after_it(text: str, *values: object) -> Sequence[Values]:
        if not late:
            late.append(new)
            await index.put_files("night", [scanned(new)])
        return await read_values(text, *values)

    with monkeypatch.context() as patched:
        patched.setattr(database, "read_values", read_after_it)
        counts = await count_images(database, "night", most=0)
    assert (counts["images"], counts["cells"]) == (1, len(by_hand(first)))
    counts = await count_images(database, "night", most=0)
    assert (counts["images"], counts["cells"]) == (2, len(by_hand(first, new)))


async def test_a_survey_that_becomes_small_keeps_no_counts(database: Database) -> None:
    every = images()
    index = await index_of(database, *every)
    await count_images(database, "night", most=1)
    await index.remove_files("night", [image.path for image in every[1:5]])
    await count_images(database, "night", most=1)
    assert not await database.read("SELECT survey FROM survey_cells")
    await count_images(database, "night")
    left = await SqlFootprints(database).footprints(OWN)
    assert left.outlines == [every[5].areas]


async def test_too_many_filters_are_counted_at_each_request(database: Database) -> None:
    many = [
        replace(square_image(n, n, 0.0), filter=f"filter {n}", t_min=None)
        for n in range(70)
    ]
    await index_of(database, *many)
    footprints = SqlFootprints(database, most=1)
    await count_images(database, "night", most=1)
    assert not await database.read("SELECT survey FROM survey_cells")
    found = await footprints.footprints(OWN)
    assert found.cells == by_hand(*many)
