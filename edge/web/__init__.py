"""Local pages: live shop and receipts. Server-rendered, no build step, no outside asset."""
