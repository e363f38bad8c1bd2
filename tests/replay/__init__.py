"""Tests of one kind: replay."""
