"""Adapters for one kind of device: rfid reader."""
