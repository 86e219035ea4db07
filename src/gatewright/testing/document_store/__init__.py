"""Contract tests of the ``DocumentStore`` port.

Subclass the contracts in a test module and provide the fixture ``make_documents``: it
returns a further connection to the same store, as another process has, and takes
``quota``, ``clock`` and ``forget_seconds``.
"""

from gatewright.testing.document_store.changes import ChangeContract
from gatewright.testing.document_store.collections import (
    CollectionContract,
    QuotaContract,
)
from gatewright.testing.document_store.documents import DocumentContract
from gatewright.testing.document_store.permissions import PermissionContract
from gatewright.testing.document_store.queries import QueryContract

__all__ = [
    "ChangeContract",
    "CollectionContract",
    "DocumentContract",
    "PermissionContract",
    "QueryContract",
    "QuotaContract",
]
