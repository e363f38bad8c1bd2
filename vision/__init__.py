"""Frames in, events out; runs in its own processes. Pictures never leave it unless recording is on."""
