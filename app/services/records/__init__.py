"""Leads, contacts and companies: kept, found, shown on their cards and on the board."""
