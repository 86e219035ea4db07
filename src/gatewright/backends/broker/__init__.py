"""The broker, which starts workers as other users, and the gateway's client of it."""

from gatewright.backends.broker.asking import Broker, BrokerStarter
from gatewright.backends.broker.grants import Granter, KeyGranter
from gatewright.backends.broker.homes import UnixHomes
from gatewright.backends.broker.plugin import plugin
from gatewright.backends.broker.workers import BrokerWorkers

__all__ = [
    "Broker",
    "BrokerStarter",
    "BrokerWorkers",
    "Granter",
    "KeyGranter",
    "UnixHomes",
    "plugin",
]
