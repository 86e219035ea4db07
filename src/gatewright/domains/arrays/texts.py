"""Text of files: UTF-8, as NetCDF has it, or Latin-1, as older files have it."""

from gatewright.domains.arrays.model import Attribute, ElementType


def readable(text: str) -> str:
    """Return text as it reads, where bytes that are no UTF-8 came as surrogates.

    Python keeps such bytes so (PEP 383); text that has them is Latin-1.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def text_attribute(kind: ElementType, texts: tuple[str, ...]) -> Attribute:
    """Return an attribute of text, with surrogates for bytes that are no UTF-8."""
    if tuple(map(readable, texts)) == texts:
        return Attribute(kind, texts)
    stored = (text.encode("utf-8", "surrogateescape") for text in texts)
    return Attribute(kind, tuple(data.decode("latin-1") for data in stored), True)  # noqa: FBT003  # in Latin-1


def as_stored(attribute: Attribute) -> list[str]:
    """Return the texts of an attribute with surrogates for bytes that are no UTF-8.

    Written as UTF-8 with the error handler ``surrogateescape`` they are the bytes of
    the file.
    """
    texts = [str(value) for value in attribute.values]
    if not attribute.latin1:
        return texts
    return [t.encode("latin-1").decode("utf-8", "surrogateescape") for t in texts]
