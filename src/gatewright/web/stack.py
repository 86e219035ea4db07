"""Everything that a request goes through, in its order.

From the outside in:

1. `ClientAddress` says who the client behind a trusted proxy is, for all below;
   `AskedFace` writes down what the face that has the path says of itself;
   `RequestId` makes the id that every answer and log line has.
2. `Metrics` and `AccessLog` see every answer, the guard's too.
3. `SecurityHeaders`, `ServerTiming` and `Cors` add fields to every answer, errors
   too: a page of a registered origin may read why it was refused. A preflight ends
   here, since it carries no credentials.
4. `ErrorGuard` answers whatever is raised below, in the form of the face that is asked.
5. `ForwardedRequests`, `Malformed`, `Sizes`, `Hosts` and `BodyTimeout` refuse what no
   route should see before anything is looked up.
6. `Probes` answer without a database.
7. `AuditTrail` records what was changed, and with what outcome; `Authentication`
   makes the caller; `RateLimit` counts for that caller, and what `Authentication`
   refuses for the address.
8. `PrivateAnswers` keeps caches from giving one caller's answers to another;
   `Compression` encodes answers, and takes its mark off conditions.
9. `StrictBodies` reads JSON and forms only now, so that who may not ask is not read.
10. `AuditGate` writes down what is about to be changed, or refuses it.
11. `Dispatch` calls the face.
"""

from collections.abc import Sequence
from functools import partial

from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.core.config import Config
from gatewright.web.audit import AuditGate, AuditTrail
from gatewright.web.authentication import Authentication
from gatewright.web.client_address import TrustedProxies
from gatewright.web.credentials import SessionCookie
from gatewright.web.dispatch import Dispatch
from gatewright.web.exchange import AskedFace
from gatewright.web.face import Face, Faces
from gatewright.web.health import (
    MetricsPage,
    Probes,
    is_for_this_machine_alone,
)
from gatewright.web.middleware.access_log import AccessLog
from gatewright.web.middleware.client_address import (
    ClientAddress,
    ForwardedRequests,
)
from gatewright.web.middleware.compression import Compression
from gatewright.web.middleware.cors import Cors
from gatewright.web.middleware.errors import ErrorGuard
from gatewright.web.middleware.hosts import Hosts, allowed_hosts
from gatewright.web.middleware.malformed import Malformed
from gatewright.web.middleware.metrics import Meters, Metrics
from gatewright.web.middleware.private_answers import PrivateAnswers
from gatewright.web.middleware.rate_limit import Buckets, RateLimit
from gatewright.web.middleware.request_id import RequestId
from gatewright.web.middleware.security_headers import SecurityHeaders
from gatewright.web.middleware.server_timing import ServerTiming
from gatewright.web.middleware.sizes import Sizes
from gatewright.web.middleware.strict_bodies import StrictBodies
from gatewright.web.middleware.timeouts import BodyTimeout


def wrap(faces: Sequence[Face], services: Services, config: Config) -> ASGIApp:
    """Return the gateway's one application: the faces by prefix, and all around them.

    Parameters
    ----------
    faces
        The protocols; their applications are built.
    services
        What the faces use.
    config
        Limits, host names and origins.
    """
    apps = {face.prefix: face.build(services) for face in faces}
    meters = Meters(several=config.gateway.processes > 1)
    metrics = MetricsPage(meters, local=is_for_this_machine_alone(config))
    app: ASGIApp = Dispatch({**apps, "/metrics": metrics})
    cookies = [face.cookie for face in faces if face.cookie is not None]
    app = _for_a_caller(app, services, config, cookies)
    app = Probes(app, services.health)
    app = _refusals(app, config)
    app = _fields(ErrorGuard(app), config)
    app = RequestId(Metrics(AccessLog(app), meters))
    app = AskedFace(app, Faces(faces))
    return _behind_proxies(app, config)


def _behind_proxies(app: ASGIApp, config: Config) -> ASGIApp:
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
    app = RateLimit(PrivateAnswers(app), buckets)
    refusal = partial(RateLimit, buckets=buckets, refusal=True)
    return AuditTrail(Authentication(app, services, refusal, cookies), services)


def _refusals(app: ASGIApp, config: Config) -> ASGIApp:
    app = BodyTimeout(app, config.limits.body_stall_seconds)
    app = Hosts(app, allowed_hosts(config))
    app = Malformed(Sizes(app, config.limits))
    return ForwardedRequests(app) if config.gateway.trusted_proxies else app


def _fields(app: ASGIApp, config: Config) -> ASGIApp:
    app = Cors(app, frozenset(config.gateway.cors_origins))
    secure = config.url.startswith("https:")
    return SecurityHeaders(ServerTiming(app), secure=secure)
