"""Adapters for one kind of device: door."""
