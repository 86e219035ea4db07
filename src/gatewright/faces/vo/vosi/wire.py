"""XML documents of VOSI 1.1: capabilities and availability."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from gatewright.core.clock import timestamp

_SIA = "ivo://ivoa.net/std/SIA#query-2.0"
_VOSI = "ivo://ivoa.net/std/VOSI"


def capabilities(base: str) -> bytes:
    """Return the VOSI capabilities document of the image search at a base URL.

    The attribute is spelled ``standardID``; the example in the SODA standard spells it
    in lower case, which no client understands.
    """
    parts = [
        _capability(f"{_VOSI}#capabilities", f"{base}/capabilities", "full", ""),
        _capability(f"{_VOSI}#availability", f"{base}/availability", "full", ""),
        _capability(_SIA, f"{base}/query", "base", ' version="2.0"'),
    ]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<vosi:capabilities "
        'xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" '
        'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"{''.join(parts)}</vosi:capabilities>\n"
    )
    return text.encode()


def _capability(standard: str, url: str, use: str, version: str) -> str:
    return (
        f'<capability standardID="{standard}">\n'
        f'<interface xsi:type="vs:ParamHTTP" role="std"{version}>\n'
        f'<accessURL use="{use}">{escape(url)}</accessURL>\n'
        "</interface>\n</capability>\n"
    )


def availability(
    notes: Iterable[str],
    *,
    available: bool = True,
    down_at: float | None = None,
    back_at: float | None = None,
) -> bytes:
    """Return the VOSI availability document (VOSI 1.1, section 5).

    ``down_at`` and ``back_at`` are seconds since 1970 UTC, None for what is not known.
    """
    times = (("downAt", down_at), ("backAt", back_at))
    members = [
        f"<vosi:{name}>{timestamp(time)}</vosi:{name}>\n"
        for name, time in times
        if time is not None
    ]
    members += [f"<vosi:note>{escape(note)}</vosi:note>\n" for note in notes]
    word = "true" if available else "false"
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<vosi:availability "
        'xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">\n'
        f"<vosi:available>{word}</vosi:available>\n{''.join(members)}"
        "</vosi:availability>\n"
    )
    return text.encode()
