"""Mailboxes: what comes in by them, and what people write."""
