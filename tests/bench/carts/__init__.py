"""Benchmark of who took what: simulated visits, our bills and a peer's bills beside the truth.

`python -m tests.bench.carts --help` lists what can be asked. Nothing is asserted here.
"""
