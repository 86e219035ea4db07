"""The document store on both databases."""

from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Any

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.documents import SqlDocuments
from gatewright.domains.store import DocumentStore
from gatewright.testing import document_store as contract


@pytest.fixture
def make_documents(
    databases: tuple[Database, Database],
) -> Callable[..., Awaitable[DocumentStore]]:
    handles = cycle(databases)

    async def make(**keywords: Any) -> DocumentStore:
        return SqlDocuments(next(handles), **keywords)

    return make


class TestDocuments(contract.DocumentContract):
    pass


class TestPermissions(contract.PermissionContract):
    pass


class TestCollections(contract.CollectionContract):
    pass


class TestQueries(contract.QueryContract):
    pass


class TestChanges(contract.ChangeContract):
    pass


class TestQuota(contract.QuotaContract):
    pass
