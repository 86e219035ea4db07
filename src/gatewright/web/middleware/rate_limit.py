"""Rates of requests: a token bucket for each user, token or address.

The header fields are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.errors import TooManyRequests
from gatewright.web.client_address import client_address
from gatewright.web.context import SCOPE_KEY

_MAXIMUM_KEYS = 10_000
_FREE = ("/health/",)


class Buckets:
    """Token buckets by key; the one that was asked for longest ago goes first.

    Parameters
    ----------
    rate
        Tokens that come back each second.
    burst
        Tokens of a full bucket.
    clock
        Monotonic seconds.
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

    def take(self, key: str) -> float:
        """Take a token; return those that are left, below 0 if there was none."""
        now = self._clock()
        tokens, at = self._buckets.pop(key, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - at) * self.rate) - 1
        self._buckets[key] = (max(tokens, 0.0) if tokens >= 0 else tokens + 1, now)
        if len(self._buckets) > self._maximum_keys:
            self._buckets.popitem(last=False)
        return tokens

    def __len__(self) -> int:
        """Return the number of keys that are remembered."""
        return len(self._buckets)


class RateLimit:
    """Refuses what comes faster than a caller's rate (429, ``Retry-After``).

    Parameters
    ----------
    buckets
        The rate and what is left of it.
    """

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self._app = app
        self._buckets = buckets
        window = math.ceil(buckets.burst / buckets.rate)
        self._policy = f'"default";q={buckets.burst};w={window}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        left = self._buckets.take(bucket_key(scope))
        if left < 0:
            raise self._too_many(-left)

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = self._policy
                headers["RateLimit"] = f'"default";r={int(left)}'
            await send(message)

        await self._app(scope, receive, send_with_fields)

    def _too_many(self, missing: float) -> TooManyRequests:
        seconds = max(1, math.ceil(missing / self._buckets.rate))
        fields = {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"default";r=0;t={seconds}',
        }
        text = f"More than {self._buckets.rate:g} requests a second; wait a little."
        return TooManyRequests(text, retry_after=seconds, headers=fields)


def bucket_key(scope: Scope) -> str:
    """Return whose rate a request counts for: a token's, a user's, an address's."""
    context = scope.get(SCOPE_KEY)
    if context is not None and context.caller.token:
        return f"token:{context.caller.token}"
    if context is not None and context.caller.user:
        return f"user:{context.caller.user}"
    return f"address:{client_address(scope)}"
