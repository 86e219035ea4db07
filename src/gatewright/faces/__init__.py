"""Protocols of the gateway; each is found by entry point and can be left out."""
