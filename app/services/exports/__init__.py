"""Lists that leave as a file."""
