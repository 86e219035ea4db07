"""Packs the cut-outs of a place: a tar archive, or one multi-extension FITS file."""

import csv
import io
import json
import tarfile
from collections.abc import Sequence
from itertools import count

from gatewright.domains.sky import binary_table, mjd_text, primary_hdu
from gatewright.operations.stamps import Stamp

_COLUMNS = ("image", "survey", "band", "time", "time_assumed", "reason", "partners")
LEFT_OUT = "Left out"
"""Keyword of the text of an animated picture that lists what it does not show."""


def archive(found: Sequence[Stamp], form: str) -> bytes:
    """Return cut-outs as a tar archive, with a table of what they are."""
    names = [f"{one.image.id}.{form}" if one.data else "" for one in found]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(["file", *_COLUMNS])
    writer.writerows((n, *_row(one)) for n, one in zip(names, found, strict=True))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        files = [("index.csv", table.getvalue().encode())]
        files += [(n, one.data) for n, one in zip(names, found, strict=True) if n]
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def one_file(found: Sequence[Stamp]) -> bytes:
    """Return cut-outs as extensions of one FITS file, with a table of what they are.

    The cut-outs are extensions already, whose EXTVER counts those that there are; it is
    0 in the table where there is none.
    """
    number = count(1)
    versions = [next(number) if one.data else 0 for one in found]
    cells = zip(*map(_row, found), strict=True)
    columns = dict(zip(_COLUMNS, cells, strict=True))
    table = binary_table("INDEX", {"extver": versions, **columns})
    return b"".join([primary_hdu(), *(one.data for one in found), table])


def left_out(found: Sequence[Stamp]) -> str:
    """Return the images without a cut-out, and why, as the JSON text of a list."""
    rows = [
        dict(zip(_COLUMNS, _row(one), strict=True)) for one in found if not one.data
    ]
    told = ("image", "band", "time", "reason")
    return json.dumps([{name: row[name] for name in told} for row in rows])


def _row(one: Stamp) -> tuple[str, ...]:
    image = one.image
    return (
        image.id,
        image.survey,
        image.band or "",
        "" if image.t_min is None else mjd_text(image.t_min),
        "true" if image.time_assumed else "false",
        one.reason,
        " ".join(partner.id for partner in one.partners),
    )
