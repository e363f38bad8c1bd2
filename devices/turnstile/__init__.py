"""Adapters for one kind of device: turnstile."""
