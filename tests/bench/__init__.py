"""Tests of one kind: bench."""
