"""Comparisons with peers, side by side; each prints ratios."""
