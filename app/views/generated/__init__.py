"""What generated screens are made of: FAB's, hardened."""
