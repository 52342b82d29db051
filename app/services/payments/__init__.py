"""Payments that Stripe tells of, and the account's own plan."""
