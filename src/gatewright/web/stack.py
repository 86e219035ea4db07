"""The middleware stack: all that a request passes through, in order.

On the way in, from the outside:

1. `ClientAddress` finds the client behind a trusted proxy; `BelowPrefix` removes the
   path of the public URL.
2. `Answers` creates the record of the request (`Exchange`) with its id and the
   properties of its face, and answers whatever is raised below.
3. `Cors` answers preflights, which carry no credentials.
4. `ForwardedRequests`, `Malformed`, `Sizes`, `Hosts` and `BodyTimeout` refuse invalid
   requests before anything is looked up.
5. `Probes` answer health checks.
6. `AuditTrail` records changes with their outcome; `Authentication` finds the caller;
   `RateLimit` limits that caller, and charges refused credentials to the address.
7. `Compression` removes its suffix from conditions, and compresses responses.
8. `StrictBodies` reads JSON and forms, only now so that refused callers' are not read.
9. `AuditGate` records the intended change, or refuses it.
10. `Dispatch` calls the face.

Middleware with nothing to do for a request returns the next application's awaitable,
and so adds no stack frame and no wrapper around ``send``. On the way out every
response, errors too, passes through `Answers` once: its functions add the headers, and
`Metrics` and `AccessLog` count and log the request at its end.
"""

from collections.abc import Sequence
from functools import partial

from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.core.config import Config
from gatewright.web.audit import AuditGate, AuditTrail
from gatewright.web.authentication import Authentication, offer_basic
from gatewright.web.client_address import TrustedProxies
from gatewright.web.credentials import SessionCookie
from gatewright.web.dispatch import Dispatch
from gatewright.web.face import Face, Faces
from gatewright.web.health import (
    MetricsPage,
    Probes,
    is_for_this_machine_alone,
)
from gatewright.web.middleware.access_log import AccessLog
from gatewright.web.middleware.answers import (
    Answers,
    add_rate_limit,
    add_request_id,
    add_time_taken,
)
from gatewright.web.middleware.below_prefix import BelowPrefix
from gatewright.web.middleware.client_address import (
    ClientAddress,
    ForwardedRequests,
)
from gatewright.web.middleware.compression import Compression, vary_by_coding
from gatewright.web.middleware.cors import Cors
from gatewright.web.middleware.hosts import Hosts, allowed_hosts
from gatewright.web.middleware.malformed import Malformed
from gatewright.web.middleware.metrics import Meters, Metrics
from gatewright.web.middleware.private_answers import keep_private
from gatewright.web.middleware.rate_limit import Buckets, RateLimit
from gatewright.web.middleware.security_headers import SecurityFields
from gatewright.web.middleware.sizes import Sizes
from gatewright.web.middleware.strict_bodies import StrictBodies
from gatewright.web.middleware.timeouts import BodyTimeout
from gatewright.web.templates import Templates


def wrap(faces: Sequence[Face], services: Services, config: Config) -> ASGIApp:
    """Return the gateway's ASGI application: the faces and all middleware around them.

    Parameters
    ----------
    faces
        The protocols, whose applications are built here.
    services
        The services that the faces use.
    config
        Limits, host names and origins.
    """
    apps = {face.prefix: face.build(services) for face in faces}
    meters = Meters(several=config.gateway.processes > 1)
    metrics = MetricsPage(
        meters, services.measures, local=is_for_this_machine_alone(config)
    )
    app: ASGIApp = Dispatch({**apps, "/metrics": metrics})
    cookies = [face.cookie for face in faces if face.cookie is not None]
    app = _for_a_caller(app, services, config, cookies)
    app = AuditTrail(app, services, Templates(apps))
    app = BodyTimeout(Probes(app, services.health), config.limits.body_stall_seconds)
    app = Hosts(app, allowed_hosts(config))
    app = Malformed(Sizes(app, config.limits))
    if config.gateway.trusted_proxies:
        app = ForwardedRequests(app)
    cors = Cors(frozenset(config.gateway.cors_origins))
    below = BelowPrefix(config.prefix)
    app = Answers(
        cors.answering(app),
        Faces(faces),
        fields=(
            offer_basic,
            add_rate_limit,
            vary_by_coding,
            keep_private,
            cors.add,
            add_time_taken,
            SecurityFields(secure=config.url.startswith("https:")),
            *([below.add] if config.prefix else []),
            add_request_id,
        ),
        watchers=(Metrics(meters), AccessLog()),
    )
    app = below.answering(app) if config.prefix else app
    proxies = TrustedProxies(config.gateway.trusted_proxies)
    return ClientAddress(app, proxies) if proxies else app


def _for_a_caller(
    app: ASGIApp,
    services: Services,
    config: Config,
    cookies: Sequence[SessionCookie],
) -> ASGIApp:
    limits = config.limits
    rate = limits.requests_per_second / config.gateway.processes
    buckets = Buckets(rate, limits.requests_burst)
    app = Compression(StrictBodies(AuditGate(app, services)))
    app = RateLimit(app, buckets)
    refusal = partial(RateLimit, buckets=buckets, refusal=True)
    return Authentication(app, services, refusal, cookies)
