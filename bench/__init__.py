"""Benchmarks that compare the gateway with peers, and print ratios."""
