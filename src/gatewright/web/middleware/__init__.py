"""Pure ASGI middleware, one small class for each concern."""
