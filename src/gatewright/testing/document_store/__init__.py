"""What every implementation of the ``DocumentStore`` port keeps to.

Subclass the contracts in a test module and give them the fixture ``make_documents``:
it returns a handle of the one shared store (another one each time, as other processes
have), and takes ``quota``, ``clock`` and ``forget_seconds``.
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
