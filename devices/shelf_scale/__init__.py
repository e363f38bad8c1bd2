"""Adapters for one kind of device: shelf scale."""
