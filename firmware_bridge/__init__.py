"""Bytes <-> meaning for our MCU board. Knows nothing about shops and imports nothing of edge."""
