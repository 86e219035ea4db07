"""The commands of ``gatewright``."""
