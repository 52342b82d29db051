"""Clients: the doors they come in by (widgets, messengers, forms), their messages, and what they may read."""
