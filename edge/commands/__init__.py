"""People's entrances: one module for each group of `muin` commands, each with `register(app)`.

Must not: decide anything about a visit or hold state. Heavy imports (vision, broker) belong inside the command
functions so that `muin --help` and a restart stay quick.
"""
