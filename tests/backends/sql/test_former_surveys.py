"""The id of a removed survey is only for the same files, if anything was made of it."""

from dataclasses import replace

import pytest

from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.database import Database
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.core.errors import Conflict
from gatewright.domains.sky import ImageQuery
from gatewright.testing.candidate_claims import ORIGIN, finding
from gatewright.testing.square_images import SURVEY, all_ids, scanned, square_image

ELSEWHERE = replace(SURVEY, pattern="/elsewhere/*.fits")


async def index_of(database: Database) -> SqlImageIndex:
    """Return the index with an image of a survey, of which there is a candidate."""
    index = SqlImageIndex(database)
    await index.save_survey(SURVEY)
    await index.put_files(SURVEY.id, [scanned(square_image(1, 10, 20))])
    await SqlCandidates(database).add(ORIGIN, [finding(1)])
    return index


async def test_other_files_do_not_get_the_id_of_a_survey_with_candidates(
    databases: tuple[Database, Database],
) -> None:
    index = await index_of(databases[0])
    await index.remove_survey(SURVEY.id)
    former = f"{SURVEY.id} (removed)"
    assert await index.surveys() == []
    assert await index.survey(SURVEY.id) is await index.survey(former) is None
    assert (await index.coverage(former)).scanned_at is None
    assert await all_ids(index, ImageQuery()) == []
    with pytest.raises(Conflict, match="Choose another id"):
        await SqlImageIndex(databases[1]).save_survey(ELSEWHERE)
    assert await index.surveys() == []
    await index.save_survey(SURVEY)  # the same files: it is the same survey
    await index.save_survey(ELSEWHERE)  # and they have moved
    assert await index.surveys() == [ELSEWHERE]
    await index.remove_survey(SURVEY.id)
    with pytest.raises(Conflict, match="/elsewhere/"):
        await index.save_survey(SURVEY)


async def test_an_id_of_which_nothing_was_made_is_free(
    databases: tuple[Database, Database],
) -> None:
    index = SqlImageIndex(databases[0])
    await index.save_survey(SURVEY)
    await index.remove_survey(SURVEY.id)
    await index.save_survey(ELSEWHERE)
    assert await index.surveys() == [ELSEWHERE]
