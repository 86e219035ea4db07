"""Products of image processing (coadds and differences) as a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import msgspec

from gatewright.backends.sql.database import Database, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.processing import (
    Product,
    ProductState,
)

_FIND = "SELECT * FROM product WHERE id = ?"
_BEGIN = """
INSERT INTO product (id, kind, state, created_at, until, body, reference_of)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state,
created_at = excluded.created_at, until = excluded.until, body = excluded.body,
reference_of = excluded.reference_of
WHERE product.state = 'failed'
OR (product.state = 'working' AND product.until < excluded.created_at)
RETURNING id
"""
_REFERENCES = """
SELECT * FROM product WHERE reference_of IN ({}) AND state = 'ready'
AND (created_at < ? OR (created_at = ? AND id > ?))
ORDER BY created_at DESC, id LIMIT ?
"""
_AFTER_ALL = 1e300
_REMOVE = "DELETE FROM product WHERE id = ?"
_KEEP = "UPDATE product SET until = ? WHERE id = ? AND state = 'working'"
_END = "UPDATE product SET state = ?, body = ? WHERE id = ?"


class SqlProducts:
    """Implements :class:`gatewright.domains.processing.ProductStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def product(self, product: str) -> tuple[Product, float] | None:
        rows = await self._database.read(_FIND, product)
        return next(iter(readable(rows, _product, "id")), None)

    async def begin(self, product: Product, until: float) -> bool:
        values = (
            product.id,
            str(product.kind),
            str(ProductState.WORKING),
            product.created_at,
            until,
            _body(product),
            product.reference_of,
        )

        def work() -> Work[bool]:
            # A damaged record must not keep its product from being made again.
            before = yield Statement(_FIND, (product.id,))
            if before and not readable(before, _product, "id"):
                yield Statement(_REMOVE, (product.id,))
            return bool((yield Statement(_BEGIN, values)))

        return await self._database.run(work)

    async def references(
        self, surveys: Sequence[str], limit: int, cursor: str | None
    ) -> Page[Product]:
        if not surveys:
            return Page([])
        last: tuple[object, object] = (_AFTER_ALL, "")
        if cursor is not None:
            moment_, name = decode_cursor(cursor, float, str)
            last = (moment_, name)
        marks = ", ".join("?" for _ in surveys)
        rows = await self._database.read(
            _REFERENCES.format(marks), *surveys, last[0], *last, limit + 1
        )
        shown = rows[:limit]
        items = [product for product, _ in readable(shown, _product, "id")]
        if len(rows) <= limit:
            return Page(items)
        return Page(items, encode_cursor(shown[-1]["created_at"], shown[-1]["id"]))

    async def keep(self, product: str, until: float) -> None:
        def work() -> Work[None]:
            yield Statement(_KEEP, (until, product))

        await self._database.run(work)

    async def end(self, product: Product) -> None:
        values = (str(product.state), _body(product), product.id)

        def work() -> Work[None]:
            yield Statement(_END, values)

        await self._database.run(work)


def _body(product: Product) -> str:
    told = asdict(product)
    for name in ("id", "kind", "state", "created_at", "reference_of"):
        del told[name]
    return json.dumps(told)


def _product(row: Row) -> tuple[Product, float]:
    """Return the product of a row, and the end of its lease."""
    told: dict[str, Any] = {
        **json.loads(row["body"]),
        "id": row["id"],
        "kind": row["kind"],
        "state": row["state"],
        "created_at": moment(row["created_at"]),
        "reference_of": row["reference_of"],
    }
    product = msgspec.convert(told, Product)
    if not product.surveys:
        raise ValueError("no survey")  # everybody could see it
    product = replace(product, detections=tuple(product.detections))
    return product, moment(row["until"])
