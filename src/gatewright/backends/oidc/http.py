"""Asks a provider over HTTP: its own hosts only, bounded in size and time."""

import asyncio
import json
import logging
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from gatewright.core.errors import BackendFailed, Unavailable

SECONDS = 10.0
"""Longest time for one answer."""
MOST_BYTES = 1 << 20
_AT_ONCE = 16
_MOST_WAITING = 256
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_log = logging.getLogger(__name__)


class Http:
    """A client that follows no redirect and asks no host but those of one provider.

    Parameters
    ----------
    title
        The provider's name for people.
    issuer
        Its address. Plain http is allowed only for hosts on this machine.
    hosts
        Its other hosts, with their ports if these are not the usual ones.
    """

    def __init__(self, title: str, issuer: str, hosts: Iterable[str] = ()) -> None:
        self.title = title
        scheme, host = urlsplit(issuer).scheme, urlsplit(issuer).netloc
        places = {_place(f"{scheme}://{one}") for one in (host, *hosts)}
        self._places = places - {None}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(SECONDS),
            limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=4),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "Gatewright",
            },
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def is_own(self, url: object) -> bool:
        """Return whether an address is one of the provider's hosts."""
        return isinstance(url, str) and _place(url) in self._places

    async def ask(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Return status (200, or 400 to 499) and JSON object of an answer.

        Parameters
        ----------
        url
            Address at one of the provider's hosts.
        form
            Form to send by POST; without one, GET is used.
        headers
            More headers to send.

        Raises
        ------
        Unavailable
            The provider does not answer in time, or says that it cannot now.
        BackendFailed
            The answer is no JSON object, too large, or leads elsewhere.
        """
        if not self.is_own(url):
            raise self.unusable("an address at a host that is not its own")
        if self._waiting >= _MOST_WAITING:
            raise Unavailable(
                f"Very many people are signing in with {self.title}. Try again soon.",
                retry_after=5,
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(SECONDS), self._turns:
                status, body = await self._answer(url, form, headers)
        except (TimeoutError, httpx.TransportError) as error:
            _log.warning("%s does not answer: %r", self.title, error)
            raise self.away() from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self.unusable(f"an answer that cannot be read ({error!r})") from error
        finally:
            self._waiting -= 1
        return status, self._object(status, body)

    async def _answer(
        self,
        url: str,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[int, bytes]:
        method = "GET" if form is None else "POST"
        async with self._client.stream(
            method, url, data=form, headers=headers
        ) as answer:
            status = answer.status_code
            if status >= 500 or status == 429:
                _log.warning("%s answers %d", self.title, status)
                raise self.away()
            if status != 200 and not 400 <= status < 500:
                raise self.unusable(f"the status {status}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise self.unusable("a compressed answer that was not asked for")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise self.unusable("an answer of more than 1 MiB")
        return status, bytes(body)

    def _object(self, status: int, body: bytes) -> dict[str, Any]:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            if status != 200:
                return {}
            raise self.unusable("an answer that is no JSON") from error
        if not isinstance(found, dict):
            raise self.unusable("an answer that is no JSON object")
        return found

    def away(self) -> Unavailable:
        """Return the error for a provider that does not answer."""
        return Unavailable(
            f"{self.title} does not answer. Try again in a moment, or sign in another "
            "way.",
            retry_after=10,
        )

    def unusable(self, why: str) -> BackendFailed:
        """Return the error for an answer that cannot be used, and log the reason."""
        _log.error("%s cannot be used: it gave %s", self.title, why)
        return BackendFailed(
            f"{self.title} gave an answer that the gateway cannot use or trust. Its "
            "operator finds the reason in the log; sign in another way until then."
        )


def _place(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address; None for one that may not be asked.

    Plain http is only for providers on this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
        return None
    if any(character <= " " or character == "\\" for character in url):
        return None
    if parts.scheme == "http" and host not in _LOOPBACK:
        return None
    return parts.scheme, host, port or _PORTS[parts.scheme]
