"""Local pages: live shop and receipts. Served from the box, no build step, no outside asset."""
