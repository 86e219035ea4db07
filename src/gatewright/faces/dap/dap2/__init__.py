"""The protocol DAP2: constraint expressions, descriptions and data."""
