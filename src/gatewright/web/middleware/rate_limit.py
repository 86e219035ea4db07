"""Rate limits: a token bucket for each user, API token or address.

Each API token of a user has a rate of its own, and all tokens of a user together have
another, so that a thousand tokens do not give the rates of a thousand users. The
headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.addresses import network_of
from gatewright.core.errors import TooManyRequests
from gatewright.web.client_address import client_address
from gatewright.web.context import SCOPE_KEY
from gatewright.web.exchange import exchange_of
from gatewright.web.own_pages import SAFE_METHODS

_MAXIMUM_KEYS = 10_000
_FREE = ("/health/",)
_DEAR = 10.0
"""Cost of a request with invalid credentials, of a change without an account, or of an
attempt to sign in. Each such request leaves an audit record, so their number must be
bounded."""
_SIGN_IN, _BY_PROVIDER = "/sign-in", "/sign-in/with/"
_TOKENS = 4.0
"""All API tokens of a user together have the rate of this many tokens."""

Charge = tuple[str, float]
"""A bucket's key, and how many tokens to take from that bucket."""


class Buckets:
    """Token buckets by key; the least recently used one is dropped if there are many.

    Parameters
    ----------
    rate
        Tokens that are added to a bucket each second.
    burst
        Tokens of a full bucket.
    clock
        Returns monotonic seconds.
    maximum_keys
        Most buckets that are kept.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        maximum_keys: int = _MAXIMUM_KEYS,
    ) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._maximum_keys = maximum_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, cost: float = 1.0) -> float:
        """Take ``cost`` tokens; return how many are left, negative if too few."""
        now = self._clock()
        tokens, at = self._buckets.pop(key, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - at) * self.rate) - cost
        self._buckets[key] = (tokens if tokens >= 0 else tokens + cost, now)
        if len(self._buckets) > self._maximum_keys:
            self._buckets.popitem(last=False)
        return tokens

    def __len__(self) -> int:
        """Return the number of buckets."""
        return len(self._buckets)


class RateLimit:
    """ASGI middleware that refuses requests above a caller's rate (429).

    Parameters
    ----------
    buckets
        The token buckets.
    refusal
        Whether ``app`` refuses invalid credentials; such a request costs more.
    """

    def __init__(
        self, app: ASGIApp, buckets: Buckets, *, refusal: bool = False
    ) -> None:
        self._app = app
        self._buckets = buckets
        self._refusal = refusal
        window = math.ceil(buckets.burst / buckets.rate)
        self._policy = f'"default";q={buckets.burst};w={window}'
        self._policy_bytes = self._policy.encode()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        if not scope["path"].startswith(_FREE):
            if self._refusal:
                taken: Sequence[Charge] = [(f"refused:{_network(scope)}", _DEAR)]
            else:
                taken = charges(scope)
            left = min([self._take(key, cost) for key, cost in taken])
            exchange_of(scope).rate = {
                b"ratelimit-policy": self._policy_bytes,
                b"ratelimit": b'"default";r=%d' % left,
            }
        return self._app(scope, receive, send)

    def _take(self, key: str, cost: float) -> float:
        """Take tokens from a bucket; return how many more such requests it admits.

        Raises
        ------
        TooManyRequests
            The bucket has too few tokens.
        """
        cost = min(cost, self._buckets.burst)
        left = self._buckets.take(key, cost)
        if left >= 0:
            return left / cost
        seconds = max(1, math.ceil(-left / self._buckets.rate))
        fields = {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"default";r=0;t={seconds}',
        }
        text = f"More than {self._buckets.rate:g} requests a second; wait a little."
        raise TooManyRequests(text, retry_after=seconds, headers=fields)


def charges(scope: Scope) -> Sequence[Charge]:
    """Return which buckets a request is charged to, and how much.

    The buckets are those of the API token and its user, of the user, or of the address.
    A change without an account has a bucket of its own and costs more, and so has a
    sign-in by a link or by a provider, which browsers make with GET.
    """
    context = scope.get(SCOPE_KEY)
    if context is not None and context.caller.token:
        user = f"tokens:{context.caller.user}"
        return [(f"token:{context.caller.token}", 1.0), (user, 1.0 / _TOKENS)]
    if context is not None and context.caller.user:
        return [(f"user:{context.caller.user}", 1.0)]
    path = scope.get("path", "")
    signs_in = path.startswith(_BY_PROVIDER) or (
        path == _SIGN_IN and b"code" in unquote_to_bytes(scope.get("query_string", b""))
    )
    if scope["method"] in SAFE_METHODS and not signs_in:
        return [(f"address:{_network(scope)}", 1.0)]
    return [(f"changes:{_network(scope)}", _DEAR)]


def _network(scope: Scope) -> str:
    return network_of(client_address(scope))
