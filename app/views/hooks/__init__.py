"""Addresses that outside programs call."""
