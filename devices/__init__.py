"""One folder per kind of device, with the same file names in each: live.py, simulated.py, rules.md."""
