"""Opens backends and services from the configuration, for the web and the commands."""

from gatewright.composition.services import Services, open_services

__all__ = ["Services", "open_services"]
