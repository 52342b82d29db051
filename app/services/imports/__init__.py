"""Records that come by a file: read, matched, written, in one transaction."""
