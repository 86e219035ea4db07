"""VOSI: the standard description of a VO service."""
