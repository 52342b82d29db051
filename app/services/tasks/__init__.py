"""Tasks: set, reminded of, postponed, completed."""
