"""The parts of a multi-extension FITS file that are not images.

Source: FITS standard 4.0, sections 4.4.1 (mandatory keywords) and 7.3 (binary tables).
"""

from collections.abc import Mapping, Sequence

_BLOCK, _CARD = 2880, 80


def primary_hdu() -> bytes:
    """Return a primary HDU without data, which extensions follow."""
    return _header(
        _card("SIMPLE", "T", "conforms to FITS standard"),
        _card("BITPIX", "8", "no data here"),
        _card("NAXIS", "0", "the images are extensions"),
        _card("EXTEND", "T", ""),
    )


def binary_table(name: str, columns: Mapping[str, Sequence[str | int]]) -> bytes:
    """Return a binary table of texts and numbers as an extension.

    Parameters
    ----------
    name
        Its EXTNAME.
    columns
        Values of each column by its name, all texts or all integers of 32 bits. Texts
        are in ASCII; other characters become ``?``.
    """
    cells = [
        [
            value.to_bytes(4, "big", signed=True)
            if isinstance(value, int)
            else value.encode("ascii", "replace")
            for value in values
        ]
        for values in columns.values()
    ]
    widths = [max([1, *map(len, column)]) for column in cells]
    forms = [
        "1J" if any(isinstance(value, int) for value in values) else f"{width}A"
        for values, width in zip(columns.values(), widths, strict=True)
    ]
    rows = [
        b"".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in zip(*cells, strict=True)
    ]
    described = []
    for number, (column, form) in enumerate(zip(columns, forms, strict=True), 1):
        described += [
            _card(f"TTYPE{number}", f"'{column:<8}'", ""),
            _card(f"TFORM{number}", f"'{form:<8}'", ""),
        ]
    header = _header(
        _card("XTENSION", "'BINTABLE'", "binary table"),
        _card("BITPIX", "8", ""),
        _card("NAXIS", "2", ""),
        _card("NAXIS1", str(sum(widths)), "bytes of a row"),
        _card("NAXIS2", str(len(rows)), "rows"),
        _card("PCOUNT", "0", ""),
        _card("GCOUNT", "1", ""),
        _card("TFIELDS", str(len(columns)), "columns"),
        _card("EXTNAME", f"'{name:<8}'", ""),
        *described,
    )
    data = b"".join(rows)
    return header + data.ljust(-(-len(data) // _BLOCK) * _BLOCK, b"\0")


def _card(keyword: str, value: str, comment: str) -> bytes:
    placed = value.ljust(20) if value.startswith("'") else value.rjust(20)
    return f"{keyword:<8}= {placed} / {comment}".ljust(_CARD).encode()


def _header(*cards: bytes) -> bytes:
    text = b"".join(cards) + b"END"
    return text.ljust(-(-len(text) // _BLOCK) * _BLOCK)
