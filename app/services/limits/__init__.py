"""Activity limits: counted, set, exceeded, and the evidence."""
