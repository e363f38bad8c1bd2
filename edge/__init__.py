"""The appliance: decisions, ledger, wiring, and what people touch."""
