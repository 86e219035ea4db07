"""Faces are built for each test, and their API once."""

from tests.faces.conftest import parts_made_once

__all__ = ["parts_made_once"]
