"""Faces: the protocols of the gateway, each found by its entry point and optional."""
