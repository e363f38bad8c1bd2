"""Cases in the AiFi AutoCheckout form (JSON lines of a tracked store with load-cell plates) become recordings.

Must not: write files (edge.commands.imports does), or know the sensors and the core of a running shop.
"""
