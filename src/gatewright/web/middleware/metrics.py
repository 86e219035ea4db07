"""Prometheus metrics of requests, labelled by the template of their route."""

import os
from collections.abc import Iterator, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from gatewright.core.measures import Measurement
from gatewright.web.exchange import Exchange

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Meters:
    """The metrics of one gateway process, in a registry of its own.

    Parameters
    ----------
    several
        Whether the gateway has several processes. Each scrape reaches one of them, so
        the values get a label ``process``; else they would seem to jump.
    """

    def __init__(self, *, several: bool = False) -> None:
        self.registry = CollectorRegistry()
        self._shown = self.registry
        if several:
            self._shown = CollectorRegistry()
            self._shown.register(_OfThisProcess(self.registry))
        ProcessCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self.requests = Counter(
            "gatewright_requests", "Requests.", labels, registry=self.registry
        )
        self.seconds = Histogram(
            "gatewright_request_seconds",
            "Time until the answer had begun.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.sent = Counter(
            "gatewright_sent_bytes", "Bytes of answers.", registry=self.registry
        )
        self.running = Gauge(
            "gatewright_requests_running", "Requests now.", registry=self.registry
        )

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
        self._meters = meters
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def began(self, exchange: Exchange) -> None:
        """Count a request as running."""
        self._meters.running.inc()

    def ended(self, exchange: Exchange) -> None:
        """Count a request, its time until the response began, and its bytes."""
        meters = self._meters
        meters.running.dec()
        requests, seconds = self._of(exchange)
        requests.inc()
        if exchange.status:
            seconds.observe(exchange.seconds)
            meters.sent.inc(exchange.size)

    def _of(self, exchange: Exchange) -> tuple[Counter, Histogram]:
        """Return the metrics of a request's method, route and status, from a cache."""
        method = exchange.scope["method"]
        method = method if method in _METHODS else "other"
        key = method, exchange.route or "none", exchange.status
        known = self._known.get(key)
        if known is None:
            counter = self._meters.requests.labels(method, key[1], str(key[2]))
            known = self._known[key] = counter, self._meters.seconds.labels(key[1])
        return known
