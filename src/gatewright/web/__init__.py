"""The HTTP kit that all faces share: server, middleware, conditions, ranges, events."""
