"""What the benches share: servers as processes, their CPU time, printed ratios."""
