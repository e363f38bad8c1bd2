"""The reference hub: ingest, payments, receipts. Stands alone: it shares only the messages with the edge."""
