"""From the configuration to the services: the one place that knows both sides."""

from gatewright.composition.services import Services, open_services

__all__ = ["Services", "open_services"]
