"""Tests of one kind: simulation."""
