"""From the configuration to the services: the one place that knows both sides."""

from gatewright.composition.health import Health
from gatewright.composition.services import Services, open_services

__all__ = ["Health", "Services", "open_services"]
