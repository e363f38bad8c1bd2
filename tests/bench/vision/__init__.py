"""`make bench-vision`: what cameras cost and how well their faults are found, as tables."""
