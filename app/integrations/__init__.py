"""From outside: verified, read into dataclasses, handed to services."""
