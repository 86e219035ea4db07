"""Which requests come from the gateway's own pages (cross-site request forgery).

A cookie goes along with whatever request a browser makes, so it counts only where the
browser says that the page is ours: by ``Sec-Fetch-Site`` (W3C Fetch Metadata), or by
an ``Origin`` (RFC 6454) equal to ours. What changes something also needs a header that
no form and no foreign script can send without our leave.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from gatewright.core.config import Config
from gatewright.core.errors import NotAllowed

OWN_HEADER = "x-requested-with"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT"})
"""Methods that change nothing (RFC 9110, section 9.2.1; RFC 4918; RFC 3253)."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS = {"http": 80, "https": 443}

Place = tuple[str, str, int | None]
"""Scheme, host and port of an origin."""


def shows_a_browser(headers: Headers) -> bool:
    """Return whether a request has a field that browsers add by themselves.

    A browser of today sends ``Origin`` with every POST, ``Sec-Fetch-*`` to every
    trustworthy address, and ``Referer`` unless a page forbids it. A program sends none.
    """
    return any(
        name in {"origin", "referer"} or name.startswith("sec-fetch-")
        for name in headers
    )


def refuse_a_browser(headers: Headers) -> None:
    """Refuse a program's session to what a browser sends, or may have sent.

    So a page cannot make a browser act by such a session, whoever put its cookie there.

    Raises
    ------
    NotAllowed
        A field of the request shows a browser.
    """
    if shows_a_browser(headers):
        raise NotAllowed(
            "This session was begun by a program, without “Origin”, “Referer” or "
            "“Sec-Fetch-*”, and is good for requests without them only. Sign in from "
            "a page to use it from a page."
        )


class OwnPages:
    """Tells the gateway's own pages from those of others."""

    def __init__(self, config: Config) -> None:
        own = urlsplit(config.url)
        self._own = _place(f"{own.scheme}://{own.netloc}")
        self._scheme = own.scheme
        self._hosts = _LOOPBACK | {own.hostname, *config.gateway.allowed_hosts}

    def is_foreign(self, headers: Headers) -> bool:
        """Return whether the request is said to come from a page that is not ours.

        A link that leads here from elsewhere is no such request: the page that comes
        is ours.
        """
        if "origin" in headers:
            return not self._is_own_origin(headers)
        site = headers.get("sec-fetch-site", "same-origin")
        navigates = headers.get("sec-fetch-mode") == "navigate"
        return site not in {"same-origin", "none"} and not navigates

    def is_own(self, headers: Headers) -> bool:
        """Return whether the request shows that it comes from a page of ours."""
        if "origin" in headers and not self._is_own_origin(headers):
            return False
        if "sec-fetch-site" in headers:
            return headers["sec-fetch-site"] == "same-origin"
        return "origin" in headers

    def require_own_change(self, headers: Headers) -> None:
        """Refuse a change by cookie that is not shown to come from a page of ours.

        Raises
        ------
        NotAllowed
            The page is another's or unknown, or the header is missing.
        """
        if not self.is_own(headers):
            raise NotAllowed(
                "A change with a session cookie must come from a page of this gateway, "
                "as the browser says by “Sec-Fetch-Site” or “Origin”. Programs send a "
                "token instead."
            )
        if OWN_HEADER not in headers:
            raise NotAllowed(
                "A change with a session cookie needs the header “X-Requested-With”."
            )

    def refuse_foreign_link(self, headers: Headers) -> None:
        """Refuse a change by GET where a link of another's page leads to it.

        Such a link takes the cookie along (``SameSite=Lax``), as our own page's does.

        Raises
        ------
        NotAllowed
            The browser says that it was another's page.
        """
        if self.is_foreign_link(headers):
            raise NotAllowed("One signs out from the gateway's own pages only.")

    def is_foreign_link(self, headers: Headers) -> bool:
        """Return whether a page that is not ours led here, by a link or otherwise.

        Over plain http a browser does not send ``Sec-Fetch-Site``, and a link's request
        has no ``Origin``: there ``Referer`` tells.
        """
        if self.is_foreign(headers):
            return True
        if "sec-fetch-site" in headers:
            return headers["sec-fetch-site"] not in {"same-origin", "none"}
        return "referer" in headers and not self._is_own_place(
            _place_of_page(headers["referer"]), headers
        )

    def refuse_foreign_sign_in(self, headers: Headers) -> None:
        """Refuse to sign a browser in on behalf of another's page.

        Raises
        ------
        NotAllowed
            The request comes from a page that is not ours.
        """
        if self.is_foreign(headers) or (
            headers.get("sec-fetch-site", "same-origin") != "same-origin"
        ):
            raise NotAllowed("One signs in from the gateway's own pages only.")

    def _is_own_origin(self, headers: Headers) -> bool:
        origins = headers.getlist("origin")
        return len(origins) == 1 and self._is_own_place(_place(origins[0]), headers)

    def _is_own_place(self, place: Place | None, headers: Headers) -> bool:
        if place is None:
            return False
        if place == self._own:
            return True
        scheme, host, _ = place
        asked = _place(f"{self._scheme}://{headers.get('host', '')}")
        return scheme == self._scheme and host in self._hosts and place == asked


def _place_of_page(url: str) -> Place | None:
    """Return what the origin of a page's URL is of."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return _place(f"{parts.scheme}://{parts.netloc}")


def _place(origin: str) -> Place | None:
    """Return what an origin is of; None for ``null`` and what is no origin."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
