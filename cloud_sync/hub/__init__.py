"""The reference hub: ingest, payments, receipts. Stands alone: it shares only the envelope with the edge."""
