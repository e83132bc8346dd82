"""What the benchmarks share: turns, peers and their settings, operation counts, result files."""
