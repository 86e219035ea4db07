"""Prometheus metrics of requests, labelled by the template of their route."""

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

from gatewright.core.measures import Measurement
from gatewright.web.exchange import Exchange

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BUCKET_NAMES = (*map(floatToGoString, _BUCKETS), "+Inf")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Requests(Collector):
    """Counts the requests of one process in plain numbers.

    Only the event loop counts and reads them, so they do without the locks of
    prometheus_client's counters, which cost six times as much.
    """

    def __init__(self) -> None:
        self.running = 0
        self.sent = 0
        self.ended: Counter[tuple[str, str, int]] = Counter()
        """Number of requests by method, route and status."""
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Sum of the seconds until the responses began, by route."""
        self.times: dict[str, list[int]] = {}
        """Number of requests in each bucket of time, by route."""

    @override
    def collect(self) -> Iterator[Metric]:
        labels = ("method", "route", "status")
        requests = CounterMetricFamily(
            "gatewright_requests", "Requests.", labels=labels
        )
        for (method, route, status), count in self.ended.items():
            requests.add_metric((method, route, str(status)), count)
        yield requests
        seconds = HistogramMetricFamily(
            "gatewright_request_seconds",
            "Time until the answer had begun.",
            labels=("route",),
        )
        for route, counts in self.times.items():
            buckets = list(zip(_BUCKET_NAMES, accumulate(counts), strict=True))
            seconds.add_metric((route,), buckets, self.seconds[route])
        yield seconds
        yield CounterMetricFamily(
            "gatewright_sent_bytes", "Bytes of answers.", value=self.sent
        )
        yield GaugeMetricFamily(
            "gatewright_requests_running", "Requests now.", value=self.running
        )


class Meters:
    """The metrics of one gateway process, in a registry of its own.

    Parameters
    ----------
    several
        Whether the gateway has several processes. Each scrape reaches one of them, so
        the values get a label ``process``; else they would seem to jump.
    """

    def __init__(self, *, several: bool = False) -> None:
        self.requests = _Requests()
        own = CollectorRegistry()
        own.register(self.requests)
        ProcessCollector(registry=own)
        self._shown = own
        if several:
            self._shown = CollectorRegistry()
            self._shown.register(_OfThisProcess(own))

    def render(self, found: Sequence[Measurement] = ()) -> bytes:
        """Return metrics and measurements in Prometheus' text format.

        Measurements that differ between processes must have a label ``process`` of
        their own.
        """
        measured = CollectorRegistry()
        measured.register(_Measured(found))
        return bytes(generate_latest(self._shown) + generate_latest(measured))


class _Measured(Collector):
    """Collector of measurements that were just taken."""

    def __init__(self, found: Sequence[Measurement]) -> None:
        self._found = found

    @override
    def collect(self) -> Iterator[Metric]:
        for gauge in self._found:
            names = [*gauge.values[0][0]] if gauge.values else []
            family = GaugeMetricFamily(
                f"gatewright_{gauge.name}", gauge.help, labels=names
            )
            for labels, value in gauge.values:
                family.add_metric([labels[name] for name in names], value)
            yield family


class _OfThisProcess(Collector):
    """Collector that adds the label ``process`` to the metrics of a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._label = {"process": str(os.getpid())}

    @override
    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(labels={**sample.labels, **self._label})
                for sample in metric.samples
            ]
            yield metric


class Metrics:
    """Counts each request (a `Watcher`)."""

    def __init__(self, meters: Meters) -> None:
        self._requests = meters.requests

    def began(self, exchange: Exchange) -> None:
        """Count a request as running."""
        self._requests.running += 1

    def ended(self, exchange: Exchange) -> None:
        """Count a request, its time until the response began, and its bytes."""
        requests = self._requests
        requests.running -= 1
        method = exchange.scope["method"]
        route = exchange.route or "none"
        key = method if method in _METHODS else "other", route, exchange.status
        requests.ended[key] += 1
        if exchange.status:
            counts = requests.times.get(route)
            if counts is None:
                counts = requests.times[route] = [0] * len(_BUCKET_NAMES)
            counts[bisect_left(_BUCKETS, exchange.seconds)] += 1
            requests.seconds[route] += exchange.seconds
            requests.sent += exchange.size
