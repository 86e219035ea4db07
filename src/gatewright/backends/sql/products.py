"""Products of image processing (coadds and differences) as a table."""

import json
from dataclasses import asdict, replace
from typing import Any

import msgspec

from gatewright.backends.sql.database import Database, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.domains.processing import (
    Product,
    ProductState,
)

_FIND = "SELECT * FROM product WHERE id = ?"
_BEGIN = """
INSERT INTO product (id, kind, state, created_at, until, body)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state,
created_at = excluded.created_at, until = excluded.until, body = excluded.body
WHERE product.state = 'failed'
OR (product.state = 'working' AND product.until < excluded.created_at)
RETURNING id
"""
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
        )

        def work() -> Work[bool]:
            # A damaged record must not keep its product from being made again.
            before = yield Statement(_FIND, (product.id,))
            if before and not readable(before, _product, "id"):
                yield Statement(_REMOVE, (product.id,))
            return bool((yield Statement(_BEGIN, values)))

        return await self._database.run(work)

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
    for name in ("id", "kind", "state", "created_at"):
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
    }
    product = msgspec.convert(told, Product)
    if not product.surveys:
        raise ValueError("no survey")  # everybody could see it
    product = replace(product, detections=tuple(product.detections))
    return product, moment(row["until"])
