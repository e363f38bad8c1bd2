"""The pure middle: events in, commands out. Imports nothing of ours and no IO module."""
