"""Makes the Content-Security-Policy of a page from its content.

No policy here has an ``unsafe-`` source: an inline script may run since its SHA-256 is
in the header (CSP level 3, section 2.3.1).
"""

import base64
import hashlib
from html.parser import HTMLParser

from typing_extensions import override

_TEMPLATE = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def content_security_policy(html: str) -> str:
    """Return a policy that permits a page's own inline scripts."""
    digests = {hashlib.sha256(text.encode()).digest() for text in inline_scripts(html)}
    hashes = sorted(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)
    return _TEMPLATE.format(scripts=" ".join(["'self'", *hashes]))


def inline_scripts(html: str) -> list[str]:
    """Return the texts of a page's scripts that have no ``src``."""
    reader = _Scripts()
    reader.feed(html.replace("\r\n", "\n"))
    reader.close()
    return reader.texts


class _Scripts(HTMLParser):
    """HTML parser that collects the text of each inline script."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: list[str] = []
        self._inside = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and not any(name == "src" for name, _ in attrs):
            self._inside = True
            self.texts.append("")

    @override
    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False
