"""Removed surveys, whose ids are not given to other images.

What was made of the images of a survey, and what people said about it, stays when the
survey is removed, under the survey's id. Whoever may see a survey of that id may see it
all. So the row of a survey of which something stays is kept under another name, which
no survey can have, and its id is only for a survey of the same files.
"""

from gatewright.backends.sql.database import Statement, Work
from gatewright.core.errors import Conflict
from gatewright.domains.sky import Survey

_MARK = " (removed)"
SURVEYS = f"SELECT * FROM survey WHERE id NOT LIKE '%{_MARK}' ORDER BY id"  # noqa: S608  # own text
_PATTERN = "SELECT pattern FROM survey WHERE id = ?"
_FORGET = "DELETE FROM survey WHERE id = ?"
_KEEP = "UPDATE survey SET id = ? WHERE id = ?"
_STAYS = """
SELECT 1 FROM candidate_source WHERE surveys LIKE ?
UNION ALL SELECT 1 FROM product WHERE body LIKE ? OR body LIKE ?
UNION ALL SELECT 1 FROM classifier WHERE survey = ?
LIMIT 1
"""


def is_former(name: str) -> bool:
    """Return whether a name is that of a removed survey's row."""
    return name.endswith(_MARK)


def retire(survey: str) -> Work[None]:
    """Remove a survey's row; keep its pattern if anything was made of its images."""
    yield Statement(_FORGET, (survey + _MARK,))
    listed = f'%"{survey}"%'
    stays = yield Statement(_STAYS, (listed, listed, f'%"{survey}~%', survey))
    if stays:
        yield Statement(_KEEP, (survey + _MARK, survey))
    else:
        yield Statement(_FORGET, (survey,))


def check_former(survey: Survey) -> Work[None]:
    """Refuse a new survey with the id of a removed one that had other files.

    Raises
    ------
    Conflict
        There was such a survey, and what was made of its images is still stored.
    """
    former = yield Statement(_PATTERN, (survey.id + _MARK,))
    if former and former[0]["pattern"] != survey.pattern:
        raise Conflict(
            f"A survey “{survey.id}” of other files was removed, and what was made of "
            "its images would be shown to all who may see this one. Choose another id. "
            f"If it is the same survey, add it with “{former[0]['pattern']}” first, "
            "and then with where its files are now."
        )
    yield Statement(_FORGET, (survey.id + _MARK,))
