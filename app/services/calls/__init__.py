"""Calls: whose they are, for whom they ring, what became of them."""
