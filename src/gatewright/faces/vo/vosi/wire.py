"""XML documents of VOSI 1.1: capabilities and availability."""

from xml.sax.saxutils import escape

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


def availability(note: str) -> bytes:
    """Return the VOSI availability document, which always says “available”.

    ``note`` is added as a note if it is not empty (VOSI 1.1, section 5).
    """
    noted = f"<vosi:note>{escape(note)}</vosi:note>\n" if note else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<vosi:availability "
        'xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">\n'
        f"<vosi:available>true</vosi:available>\n{noted}</vosi:availability>\n"
    )
    return text.encode()
