"""Tests, named by kind. The package keeps a folder `tests/x` from shadowing the package `x`."""
