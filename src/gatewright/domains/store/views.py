"""Collections and documents as callers see them."""

from dataclasses import dataclass

from gatewright.domains.store.model import Collection, Document, Permissions, Right


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A collection as a caller sees it."""

    collection: Collection
    """The collection."""
    right: Right
    """The caller's right on it."""
    permissions: Permissions | None = None
    """Permissions; None for callers who may not change them."""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as a caller sees it."""

    document: Document
    """The document."""
    right: Right
    """The caller's right on it."""
