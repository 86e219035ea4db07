"""Who sees which survey, and how the index follows the files."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from tests.support.app import caller
from typing_extensions import override

from gatewright.core.access import PUBLIC, USERS, access_of
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import (
    BackendFailed,
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
    Unavailable,
)
from gatewright.core.pages import Page
from gatewright.domains.sky import (
    Circle,
    ColourRequest,
    Content,
    Coverage,
    CutoutRequest,
    Image,
    ImageQuery,
    ImageTable,
    Ingest,
    Reading,
    ScannedFile,
    SkyService,
    Survey,
    SurveyFile,
    ingest,
)

SQUARE = ((10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 11.0))


def image(survey: str, name: str = "a") -> Image:
    return Image(
        id=f"{survey}~{name}~0", survey=survey, path=f"/{name}", identity="1-1-1-1",
        hdu=0, polygon=SQUARE, ra=10.5, dec=10.5, fov=1.4, width=10, height=10,
        scale=360.0, file_size=1, observation=name,
    )  # fmt: skip


class Index:
    """Surveys and files in memory; it remembers what was asked."""

    def __init__(self, *surveys: Survey) -> None:
        self.held = {survey.id: survey for survey in surveys}
        self.asked: list[ImageQuery] = []
        self.known: dict[str, str] = {}
        self.free = True
        self.finished: list[str] = []
        self.put: list[ScannedFile] = []
        self.told: list[Reading] = []
        self.claims = 0
        self.away = False

    async def surveys(self) -> Sequence[Survey]:
        return list(self.held.values())

    async def survey(self, survey: str) -> Survey | None:
        return self.held.get(survey)

    async def save_survey(self, survey: Survey) -> None:
        self.held[survey.id] = survey

    async def remove_survey(self, survey: str) -> None:
        del self.held[survey]

    async def coverage(self, survey: str) -> Coverage:
        return Coverage(1, {}, {}, None, None, 1, 0.84)

    async def search(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> Page[Image]:
        self.asked.append(query)
        return Page([image(survey) for survey in query.surveys])

    async def table(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> ImageTable:
        self.asked.append(query)
        return ImageTable({"survey": query.surveys})

    async def image(self, image_id: str) -> Image | None:
        return None if image_id == "none" else image(image_id.partition("~")[0])

    async def files(self, survey: str) -> Mapping[str, str]:
        return self.known

    async def put_files(self, survey: str, files: Sequence[ScannedFile]) -> None:
        self.put += files
        self.known |= {file.file.path: file.file.identity for file in files}

    async def remove_files(self, survey: str, paths: Sequence[str]) -> None:
        for path in paths:
            del self.known[path]

    async def claim(self, survey: str, holder: str, now: float, until: float) -> bool:
        self.claims += 1
        if self.claims == 2 and self.away:
            raise Unavailable("The database is away.")
        return self.free

    async def tell(self, survey: str, holder: str, reading: Reading) -> None:
        self.told.append(reading)

    async def finish(self, survey: str, holder: str, now: float) -> None:
        self.finished.append(survey)


class Reader:
    """Files that are named, not there."""

    def __init__(self, *files: SurveyFile) -> None:
        self.files = list(files)
        self.scanned: list[str] = []

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        return self.files

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        self.scanned.append(file.path)
        if "broken" in file.path:
            raise BackendFailed("The reader ended.")
        return ScannedFile(file, [image(survey.id, file.name)], ("HDU 2: a cube",))

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        return Content(3, "application/fits", "x", data=b"cut")

    async def open(self, image: Image) -> Content:
        return Content(4, "application/fits", "x", data=b"file")


SURVEYS = (
    Survey("open", "Open", "/o", PUBLIC),
    Survey("members", "Members", "/m", USERS),
    Survey("team", "Team", "/t", access_of(["ada", "observers"])),
)
VISITOR = visitor()
GUEST = caller("bob", Role.GUEST)
OBSERVER = caller("eve", Role.GUEST, "observers")
ADA = caller("ada", Role.GUEST)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (VISITOR, ["open"]),
        (GUEST, ["open", "members"]),
        (OBSERVER, ["open", "members", "team"]),
        (ADA, ["open", "members", "team"]),
    ],
)
async def test_surveys_one_may_see(who: Caller, seen: list[str]) -> None:
    index = Index(*SURVEYS)
    service = SkyService(index, Reader())
    assert [survey.id for survey in await service.surveys(who)] == seen
    page = await service.search(who, ImageQuery(), limit=10)
    assert {found.survey for found in page.items} == set(seen)
    for survey in SURVEYS:
        name = f"{survey.id}~a~0"
        if survey.id in seen:
            assert (await service.survey(who, survey.id))[0] == survey
            found = await service.image(who, name)
            assert (await service.file(who, found)).data == b"file"
        else:
            with pytest.raises(NotFound):
                await service.survey(who, survey.id)
            with pytest.raises(NotFound):
                await service.image(who, name)


async def test_a_search_names_only_surveys_one_may_see() -> None:
    index = Index(*SURVEYS)
    service = SkyService(index, Reader())
    page = await service.search(GUEST, ImageQuery(surveys=("team",)), limit=1)
    assert not page.items
    assert not index.asked
    await service.search(GUEST, ImageQuery(surveys=("team", "open")), limit=1)
    assert index.asked[-1].surveys == ["open"]
    table = await service.table(GUEST, ImageQuery(surveys=("team", "open")), limit=1)
    assert table.columns["survey"] == index.asked.pop().surveys == ["open"]
    table = await service.table(GUEST, ImageQuery(surveys=("team",)), limit=1)
    assert not any(table.columns.values())
    assert {"id", "t_min", "pieces"} < table.columns.keys()
    page = await service.search(GUEST, ImageQuery(nothing=True), limit=1)
    assert not page.items


async def test_what_is_not_there() -> None:
    service = SkyService(Index(), Reader())
    with pytest.raises(NotFound):
        await service.image(ADA, "none")
    with pytest.raises(NotFound):
        await service.image(ADA, "gone~a~0")
    with pytest.raises(NotFound):
        await service.survey(ADA, "none")


async def test_the_scope_is_needed() -> None:
    narrow = replace(ADA, scopes=frozenset({"store"}))
    service = SkyService(Index(*SURVEYS), Reader())
    for call in (service.surveys(narrow), service.image(narrow, "open~a~0")):
        with pytest.raises(NotAllowed):
            await call


async def test_a_cut_out_must_meet_the_image() -> None:
    service = SkyService(Index(*SURVEYS), Reader())
    found = await service.image(VISITOR, "open~a~0")
    near = CutoutRequest(Circle(11.1, 10.5, 0.2))
    assert (await service.cut(VISITOR, found, near)).data == b"cut"
    with pytest.raises(NotFound, match=r"ra 10\.5"):
        await service.cut(VISITOR, found, CutoutRequest(Circle(11.3, 10.5, 0.2)))


async def test_readers_without_colour_say_so() -> None:
    service = SkyService(Index(*SURVEYS), Reader())
    found = await service.image(VISITOR, "open~a~0")
    asked = ColourRequest(Circle(11.1, 10.5, 0.2))
    with pytest.raises(InvalidContent, match="grey levels"):
        await service.colour(VISITOR, (found, found, found), asked)


async def test_a_survey_without_a_rule_is_visible_to_nobody() -> None:
    service = SkyService(Index(Survey("bare", "Bare", "/b")), Reader())
    assert not await service.surveys(ADA)


def file(name: str, identity: str = "1-1-1-1") -> SurveyFile:
    return SurveyFile(f"/{name}", name, identity)


async def test_only_new_and_changed_files_are_read() -> None:
    index, reader = Index(*SURVEYS), Reader(file("a"), file("b"), file("broken"))
    ingest = Ingest(index, reader)
    report = await ingest.run(SURVEYS[0])
    assert report is not None
    assert (report.files, report.read, report.images, report.removed) == (3, 3, 2, 0)
    reasons = {item.path: item.reason for item in report.left_out}
    assert reasons == {
        "/a": "HDU 2: a cube", "/b": "HDU 2: a cube", "/broken": "The reader ended.",
    }  # fmt: skip
    reader.scanned.clear()
    reader.files = [file("a"), file("b", "1-1-2-2")]
    report = await ingest.run(SURVEYS[0])
    assert report is not None
    assert reader.scanned == ["/b"]
    assert report.removed == 1
    assert set(index.known) == {"/a", "/b"}
    assert index.finished == ["open", "open"]


async def test_ingest_reports_its_progress() -> None:
    index = Index(*SURVEYS)
    told: list[Reading] = []
    files = [file(f"{n:03}") for n in range(70)]
    await Ingest(index, Reader(*files)).run(SURVEYS[0], told.append)
    assert told == index.told == [Reading(64, 70), Reading(70, 70)]


async def test_it_ends_when_its_survey_is_removed() -> None:
    index = Index(*SURVEYS)

    def remove(reading: Reading) -> None:
        index.free = False

    reader = Reader(*(file(f"{n:03}") for n in range(200)))
    with pytest.raises(Conflict, match="was removed"):
        await Ingest(index, reader).run(SURVEYS[0], remove)
    assert len(reader.scanned) == 64
    assert index.finished == ["open"]


async def test_the_right_to_scan_is_kept_while_a_file_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also past a moment in which the database is away."""
    monkeypatch.setattr(ingest, "LEASE_SECONDS", 0.01)
    index = Index(*SURVEYS)
    index.away = True

    class Slow(Reader):
        @override
        async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
            async with asyncio.timeout(60):
                while index.claims < 5:
                    await asyncio.sleep(0.001)
            return await super().scan(survey, file)

    report = await Ingest(index, Slow(file("a"))).run(SURVEYS[0])
    assert report is not None
    assert report.read == 1
    claims = index.claims
    await asyncio.sleep(0.05)
    assert index.claims == claims  # and no longer, once it is over


async def test_a_look_that_was_killed_goes_on_where_it_was() -> None:
    index = Index(*SURVEYS)
    files = [file(f"{n:03}") for n in range(200)]

    def kill(reading: Reading) -> None:
        if reading.done == 128:
            raise KeyboardInterrupt

    first = Reader(*files)
    with pytest.raises(KeyboardInterrupt):
        await Ingest(index, first).run(SURVEYS[0], kill)
    then = Reader(*files)
    report = await Ingest(index, then).run(SURVEYS[0])
    assert report is not None
    assert (report.files, report.read) == (200, 72)
    assert sorted(first.scanned + then.scanned) == [one.path for one in files]


async def test_one_process_at_a_time() -> None:
    index = Index(*SURVEYS)
    index.free = False
    assert await Ingest(index, Reader(file("a"))).run(SURVEYS[0]) is None
    assert not index.finished
