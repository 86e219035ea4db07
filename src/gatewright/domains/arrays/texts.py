"""Text in files: UTF-8 as NetCDF requires, or Latin-1 as in older files."""

from gatewright.domains.arrays.model import Attribute, ElementType


def readable(text: str) -> str:
    """Return text in which bytes that are not UTF-8 are decoded as Latin-1.

    The text comes with such bytes as surrogates (PEP 383); if it has any, all of it is
    decoded as Latin-1.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def text_attribute(kind: ElementType, texts: tuple[str, ...]) -> Attribute:
    """Return an attribute of texts that have surrogates for bytes that are no UTF-8."""
    if tuple(map(readable, texts)) == texts:
        return Attribute(kind, texts)
    stored = (text.encode("utf-8", "surrogateescape") for text in texts)
    return Attribute(kind, tuple(data.decode("latin-1") for data in stored), True)  # noqa: FBT003  # in Latin-1


def as_stored(attribute: Attribute) -> list[str]:
    """Return the texts of an attribute with surrogates for bytes that are not UTF-8.

    Encoded as UTF-8 with the error handler ``surrogateescape``, they are the bytes of
    the file.
    """
    texts = [str(value) for value in attribute.values]
    if not attribute.latin1:
        return texts
    return [t.encode("latin-1").decode("utf-8", "surrogateescape") for t in texts]
