"""Recipes over several domains."""
