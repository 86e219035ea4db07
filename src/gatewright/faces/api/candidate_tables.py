"""Lists of candidates as CSV, VOTable and Parquet."""

from collections.abc import Awaitable, Callable

from starlette.requests import HTTPConnection
from starlette.responses import Response

from gatewright.core.pages import Page
from gatewright.faces.api.candidate_answers import CandidateAnswer
from gatewright.web.csv_table import Row, csv_listing
from gatewright.web.parquet_table import Columns, columns_of_rows, parquet_listing
from gatewright.web.votable_table import VotableColumns, votable_listing

_NAME = "candidates"
_UNITS = {"ra": "deg", "dec": "deg", "mjd": "d"}
"""Units of the values of a candidate, as VOUnits writes them."""
_UCDS = {
    "id": "meta.id;meta.main",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "snr": "stat.snr",
    "score": "stat.probability",
    "classifier": "meta.id",
    "reason": "meta.note",
    "object": "meta.id.parent",
    "votes.real": "meta.number",
    "votes.bogus": "meta.number",
    "votes.unsure": "meta.number",
    "difference": "meta.id",
    "reference": "meta.id",
    "surveys": "meta.id",
    "mjd": "time.epoch",
    "time": "time.epoch",
    "time_assumed": "meta.code",
    "band": "instr.bandpass",
    "flux": "phot.count",
    "flux_error": "stat.error;phot.count",
}
"""What the values of a candidate are, in words of the UCD list (IVOA)."""


async def candidate_table(
    connection: HTTPConnection,
    form: str,
    page: Callable[[int, str | None], Awaitable[Page[Row]]],
    limit: int | None,
    cursor: str | None,
) -> Response:
    """Return a response with a list of candidates as a table.

    Parameters
    ----------
    form
        ``csv``, ``votable`` or ``parquet``.
    page
        Returns the page of at most so many items that begins at a cursor.

    Raises
    ------
    NotImplementedHere
        Parquet is asked for, and pyarrow is not installed.
    """
    model = CandidateAnswer
    if form == "csv":
        return await csv_listing(connection, _NAME, model, page, limit, cursor)
    if form == "votable":
        about = VotableColumns(model, _UNITS, _UCDS)
        return await votable_listing(connection, _NAME, about, page, limit, cursor)

    async def columns(most: int, begin: str | None) -> tuple[Columns, str | None]:
        found = await page(most, begin)
        return columns_of_rows(model, found.items), found.next

    return await parquet_listing(
        connection, _NAME, model, _UNITS, columns, limit, cursor
    )
