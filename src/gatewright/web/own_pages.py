"""Recognizes requests from the gateway's own pages, against cross-site request forgery.

Browsers send a cookie along with any page's requests. So a cookie counts only where the
browser shows that the page is the gateway's: by ``Sec-Fetch-Site`` (W3C Fetch
Metadata), or by an ``Origin`` (RFC 6454) equal to the gateway's. A change also needs
the header ``X-Requested-With``, which no form can send, and no script of another origin
without permission (CORS).
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
    """Return whether a request has a header that browsers add by themselves.

    Current browsers send ``Origin`` with every POST, ``Sec-Fetch-*`` to every
    trustworthy origin, and ``Referer`` unless a page forbids it. Other programs send
    none of them.
    """
    return any(
        name in {"origin", "referer"} or name.startswith("sec-fetch-")
        for name in headers
    )


def refuse_a_browser(headers: Headers) -> None:
    """Refuse the session of a program in a request that a browser may have sent.

    A page can thus not make a browser use such a session, however its cookie got there.

    Raises
    ------
    NotAllowed
        The request has a header that browsers add.
    """
    if shows_a_browser(headers):
        raise NotAllowed(
            "This session was begun by a program, without “Origin”, “Referer” or "
            "“Sec-Fetch-*”, and is good for requests without them only. Sign in from "
            "a page to use it from a page."
        )


class OwnPages:
    """Distinguishes requests of the gateway's own pages from those of other sites."""

    def __init__(self, config: Config) -> None:
        own = urlsplit(config.url)
        self._own = _place(f"{own.scheme}://{own.netloc}")
        self._scheme = own.scheme
        # As “hostname” of a parsed URL has them: IPv6 addresses without brackets.
        named = {name.strip("[]") for name in config.gateway.allowed_hosts}
        self._hosts = _LOOPBACK | {own.hostname} | named

    def is_foreign(self, headers: Headers) -> bool:
        """Return whether the browser says that another site's page sent the request.

        Following a link from another site does not count, since it opens a page of the
        gateway.
        """
        if "origin" in headers:
            return not self._is_own_origin(headers)
        site = headers.get("sec-fetch-site", "same-origin")
        navigates = headers.get("sec-fetch-mode") == "navigate"
        return site not in {"same-origin", "none"} and not navigates

    def is_own(self, headers: Headers) -> bool:
        """Return whether the browser says that the gateway's page sent the request."""
        if "origin" in headers and not self._is_own_origin(headers):
            return False
        if "sec-fetch-site" in headers:
            return headers["sec-fetch-site"] == "same-origin"
        return "origin" in headers

    def require_own_change(self, headers: Headers) -> None:
        """Refuse a change with a cookie unless it comes from a page of the gateway.

        Raises
        ------
        NotAllowed
            The page is another site's or unknown, or ``X-Requested-With`` is missing.
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
        """Refuse a GET that changes something if another site's link led to it.

        With ``SameSite=Lax`` browsers send the cookie along with such a link.

        Raises
        ------
        NotAllowed
            The browser says that another site's page led here.
        """
        if self.is_foreign_link(headers):
            raise NotAllowed("Sign out from the gateway's own pages.")

    def is_foreign_link(self, headers: Headers) -> bool:
        """Return whether another site's page led here, by a link or otherwise.

        Over plain http, browsers do not send ``Sec-Fetch-Site``, and a link's request
        has no ``Origin``; then ``Referer`` is used.
        """
        if self.is_foreign(headers):
            return True
        if "sec-fetch-site" in headers:
            return headers["sec-fetch-site"] not in {"same-origin", "none"}
        return "referer" in headers and not self._is_own_place(
            _place_of_page(headers["referer"]), headers
        )

    def refuse_foreign_sign_in(self, headers: Headers) -> None:
        """Refuse a sign-in that another site's page sends.

        Raises
        ------
        NotAllowed
            The request comes from another site's page.
        """
        if self.is_foreign(headers) or (
            headers.get("sec-fetch-site", "same-origin") != "same-origin"
        ):
            raise NotAllowed("Sign in from the gateway's own pages.")

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
    """Return the origin of a page's URL; None if it is malformed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return _place(f"{parts.scheme}://{parts.netloc}")


def _place(origin: str) -> Place | None:
    """Return the parts of an origin; None for ``null`` and other text."""
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
