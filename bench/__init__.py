"""Measured ratios: each ``bench_*.py`` has ``run() -> list[Row]``; ``python -m bench`` prints them in one table."""
