"""Tests, named by kind: unit, replay, simulation, integration, bench. The package keeps `tests/x` from shadowing `x`."""
