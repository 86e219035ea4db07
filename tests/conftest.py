"""Fixtures that tests of several rooms share."""

from hypothesis import settings
from tests.support.postgresql import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]

# Machines that run tests are loaded now and then: a slow example is no failure.
settings.register_profile("gatewright", deadline=None)
settings.load_profile("gatewright")
