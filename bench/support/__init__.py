"""Shared parts of the benchmarks: server processes, their CPU time, printed ratios."""
