"""Products of image processing (coadds and differences) as a table."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gatewright.backends.sql.database import Database, Row, Statement, Work
from gatewright.domains.processing import (
    Aside,
    Detection,
    Product,
    ProductKind,
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
_KEEP = "UPDATE product SET until = ? WHERE id = ? AND state = 'working'"
_END = "UPDATE product SET state = ?, body = ? WHERE id = ?"


class SqlProducts:
    """Implements :class:`gatewright.domains.processing.ProductStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def product(self, product: str) -> tuple[Product, float] | None:
        rows = await self._database.read(_FIND, product)
        return (product_of(rows[0]), rows[0]["until"]) if rows else None

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


def product_of(row: Row) -> Product:
    """Return the product of a row."""
    told: dict[str, Any] = json.loads(row["body"])
    told["detections"] = tuple(map(_detection, told["detections"]))
    return Product(
        id=row["id"],
        kind=ProductKind(row["kind"]),
        state=ProductState(row["state"]),
        created_at=row["created_at"],
        **told,
    )


def _detection(told: Mapping[str, Any]) -> Detection:
    aside = told["aside"]
    return Detection(**{**told, "aside": None if aside is None else Aside(aside)})
